nav = Navegación
nav-dashboard = Panel
nav-simulator = Simulador
nav-team = Equipo
nav-people = Personas
nav-matrix = Quién puede qué
nav-settings = Ajustes
nav-keys = Claves de API
nav-audit = Registro
nav-system = Sistema
nav-account = Tu cuenta
nav-profile = Datos y contraseña
nav-devices = Dispositivos
nav-second-factor = Segundo factor
section-pages = Páginas de esta sección
where = Dónde estás
pages = Páginas de la lista
page-first = Primera
page-next = Siguiente
language-and-theme = Idioma y tema
theme = Tema
theme-auto = Del dispositivo
theme-light = Claro
theme-dark = Oscuro
person-menu = Tu cuenta: { $name }
log-out = Salir
business-none = Ningún negocio
business-another = Otro negocio
business-switched = Ahora trabajás en { $business }.
role-in = { $role } en { $name }
role = Rol
role-owner = Dueño
role-admin = Admin
role-agent = Agente
role-viewer = Lectura
role-owner-hint = Todo, también borrar el negocio.
role-admin-hint = Todo menos borrar el negocio.
role-agent-hint = Atiende conversaciones y pedidos.
role-viewer-hint = Mira, sin cambiar nada.
reach = Dónde
reach-all = En todos los puntos de servicio
reach-some = Solo en estos puntos de servicio
reach-none = En ninguno
points-hint = Cuentan cuando elegís «solo en estos».
save = Guardar
cancel = Cancelar
change = Cambiar
change-named = Cambiar a { $name }
remove-named = Quitar a { $name }
copy = Copiar
copied = Copiado
link = Enlace
ends = Vence
you = vos
yes = sí
no = no
never = nunca
and-more = y { $count } más
state = Estado
state-ok = Bien
state-warn = Para mirar
state-bad = Mal
actions = Acciones
person = Persona
last-used = Último uso
shown-once = Se muestra una sola vez
service-point = Punto de servicio
email = Correo
password = Contraseña
new-password = Contraseña nueva
current-password = Contraseña actual
password-hint = 8 letras o más. Una frase se recuerda mejor.
name = Nombre
name-hint = Así te ve el equipo.
code = Código
code-hint = Seis cifras de la app, o un código de recuperación.
log-in = Entrar
log-in-lead = Con tu correo y tu contraseña.
log-in-demo = Es la demo: con qué entrar se ve donde la arrancaste.
log-in-anew = Empezar de nuevo
back-to-login = Volver a entrar
login-again = Pasó demasiado tiempo. Entrá de nuevo.
logged-out = Saliste.
second-step = Segundo factor
second-step-lead = La contraseña está bien. Falta el código.
register = Crear cuenta
register-link = Crear una cuenta
register-lead = Después sumás tu negocio, o te suman al suyo.
register-known = ¿Ya tenés cuenta?
reset = Recuperar la cuenta
reset-link = Olvidé la contraseña
reset-lead = Te mandamos un enlace para elegir otra contraseña.
reset-ask = Mandar el enlace
reset-asked = Si hay una cuenta con { $email }, el enlace va en camino.
reset-by-admin = Esta instalación no manda correos. Pedile un enlace a quien administra tu negocio: lo hace en Equipo, con un botón.
reset-choose = Elegí otra contraseña
reset-choose-lead = Con ella entrás de nuevo; las demás sesiones se cierran.
reset-done = Contraseña guardada. Entrá con ella.
reset-for = Si olvidó la contraseña
reset-for-mail = Le llega a { $name } un enlace para elegir otra.
reset-for-link = Hacé un enlace y dáselo a { $name }: sirve una vez, una hora.
reset-for-send = Mandar el enlace
reset-for-make = Hacer un enlace
reset-sent = Enlace mandado a { $email }.
invitation-to = Te invitan a { $business }
invitation-lead = A { $email }, como { $role }.
invitation-other = Entraste como { $email }, y la invitación es para otra persona. Salí y abrí el enlace de nuevo.
invitation-known = Ese correo ya tiene cuenta. Entrá para aceptar.
invitation-accepted = Ya sos parte de { $business }.
invitation-sent = Invitación mandada a { $email }.
invitation-withdrawn = Invitación retirada.
invitation-waits = Esperando
invitations = Invitaciones
accept = Aceptar
accept-as = Aceptar como { $name }
invite = Invitar
invite-mail-hint = Le llega un enlace que sirve 7 días.
invite-link-hint = Te mostramos un enlace para que se lo des. Sirve 7 días.
withdraw = Retirar
withdraw-named = Retirar la invitación de { $email }
withdraw-question = ¿Retirar la invitación?
withdraw-consequence = El enlace de { $email } deja de servir.
link-invitation = Enlace de invitación
link-new-password = Enlace para la contraseña
link-lead-invitation = Dale este enlace. Quien lo abra puede aceptar, una vez.
link-lead-new-password = Dale este enlace. Quien lo abra elige la contraseña, una vez.
link-given = Ya lo di
account = Tu cuenta
account-profile = Tus datos
account-saved = Guardado.
language-hint = La de las páginas y los correos.
password-change = Cambiar la contraseña
password-change-hint = Se cierran tus otras sesiones.
password-changed = Contraseña cambiada. Tus otras sesiones se cerraron.
device = Dispositivo
device-address = Dirección
device-since = Desde
device-this = Este
device-program = Programa
device-named = { $browser } en { $system }
device-only = { $name }
device-unknown = Dispositivo desconocido
device-revoke = Cerrar
device-revoke-named = Cerrar la sesión de { $name }
device-revoked = Sesión cerrada.
devices-revoke-others = Cerrar las demás
devices-hint = Si no reconocés uno, cerralo y cambiá la contraseña.
second-factor-on = Con segundo factor
second-factor-off = Sin segundo factor
second-factor-title = Que no alcance con la contraseña
second-factor-lead = Al entrar pedimos también un código de una app de tu teléfono.
second-factor-add = Activar
second-factor-offered = Sumá Relevo a tu app
second-factor-waits = Espera tu código
second-factor-qr = Código QR para la app
second-factor-typed = Si no podés escanear, escribí esto en la app:
second-factor-step-1 = Abrí una app de códigos, como Aegis o Google Authenticator.
second-factor-step-2 = Escaneá el QR.
second-factor-step-3 = Escribí el código que muestra.
second-factor-prove = Activar
second-factor-remove = Quitar el segundo factor
second-factor-remove-lead = Vuelve a alcanzar con la contraseña.
second-factor-removed = Segundo factor quitado.
recovery-codes = Códigos de recuperación
recovery-codes-lead = Cada uno sirve una vez, si no tenés el teléfono. Guardalos donde guardás lo importante.
recovery-codes-kept = Ya los guardé
recovery-codes-renew = Hacer otros
recovery-codes-renew-hint = Los de antes dejan de servir.
permission = Permiso
permission-limited = En sus puntos de servicio
permission-see-business = Ver el negocio y su catálogo
permission-see-conversations = Ver conversaciones
permission-take-over = Tomar y devolver
permission-send = Enviar
permission-switch-bot = Encender y apagar el bot
permission-see-orders = Ver pedidos
permission-change-orders = Cambiar pedidos
permission-see-money = Ver totales y recaudación
permission-use-simulator = Usar el simulador
permission-ask-for-qr = Pedir un QR
permission-manage-points = Administrar puntos de servicio
permission-manage-channels = Administrar números de WhatsApp
permission-configure-flows = Configurar flujos
permission-manage-people = Administrar personas
permission-manage-products = Administrar productos
permission-configure-assistant = Configurar el asistente
permission-upload-plugins = Subir plugins
permission-manage-api-keys = Administrar claves de API
permission-export = Exportar
permission-see-audit = Ver el registro
permission-change-business = Cambiar los datos del negocio
permission-erase-business = Borrar el negocio
matrix-hint = Quien trabaja solo en algunos puntos de servicio tiene lo suyo ahí, y nada de lo que es de todo el negocio.
colleague-remove = Quitar
colleague-remove-question = ¿Quitar a { $name }?
colleague-remove-consequence = Deja de ver { $business } enseguida. Su cuenta sigue, y podés invitarle de nuevo.
colleague-removed = { $name } ya no está en el equipo.
colleague-saved = Guardado: { $name }.
key = Clave
key-name = Nombre de la clave
key-name-hint = Para qué programa es.
key-new = Clave nueva
key-make = Crear clave
key-made = Copiala ahora
key-made-lead = Después solo mostramos con qué empieza.
key-made-at = Creada
key-kept = Ya la guardé
key-kind = Tipo
key-live = Real
key-live-hint = Hace lo que elijas abajo.
key-test = De prueba
key-test-hint = Llega solo al simulador.
key-scopes = Qué puede
key-scopes-hint = Lo menos posible: se pueden crear varias.
key-revoke = Revocar
key-revoke-named = Revocar { $name }
key-revoke-question = ¿Revocar { $name }?
key-revoke-consequence = El programa que la usa deja de entrar enseguida. Es la que empieza con
key-revoked = { $name } revocada.
key-revoked-word = Revocada
keys-none = No hay claves
keys-none-hint = Con una clave, otro programa trabaja con este negocio por la API.
audit-when = Cuándo
audit-who = Quién
audit-what = Qué hizo
audit-to = A quién o qué
audit-none = Todavía no hay nada en el registro
audit-somebody = Alguien que ya no está
audit-machine = Un comando en el servidor
audit-member-invited = Invitó
audit-member-joined = Aceptó la invitación
audit-member-changed = Cambió el rol o el alcance
audit-member-removed = Quitó del equipo
audit-invitation-withdrawn = Retiró una invitación
audit-api-key-made = Creó una clave de API
audit-api-key-revoked = Revocó una clave de API
audit-password-link-made = Hizo un enlace para la contraseña
audit-business-founded = Creó el negocio
audit-user-created = Creó la cuenta
welcome = Hola, { $name }
welcome-choose = ¿En qué negocio trabajás ahora?
welcome-none = Tu cuenta todavía no es parte de ningún negocio. Pedile una invitación a quien administra el tuyo.
dashboard-nobody = Nadie espera.
dashboard-attend = Atender a { $name }
dashboard-attend-unnamed = Atender
dashboard-simulated = Es la demo: cuentan también las conversaciones del simulador.
waiting = Esperan
waiting-longest = La más vieja
today-hands = Bot / persona hoy
share-waiting = { $bot } / { $person } · { $nobody } sin atender
share = { $bot } / { $person }
nothing-today = sin mensajes
last-message = Último mensaje
points-none = No hay puntos de servicio
points-none-hint = Un punto de servicio tiene su número y su bandeja.
to-mend = Para resolver
mend-whatsapp = { $point } está sin WhatsApp
mend-second-factor = Tu cuenta no tiene segundo factor
mend-second-factor-why = Con tu contraseña alcanza para administrar el negocio.
whatsapp-none = Sin número
whatsapp-active = Conectado
whatsapp-paused = En pausa
whatsapp-pending = Sin confirmar
whatsapp-stopped = Detenido
whatsapp-paused-why = WhatsApp pidió mandar más despacio. Sigue solo.
whatsapp-pending-why = Falta que WhatsApp confirme el número.
whatsapp-stopped-why = El número necesita a una persona: venció el permiso o lo quitaron.
system-ok = Todo bien
system-what = Qué
system-how = Cómo está
system-hint = Lo mismo que dice el comando relevo doctor, en inglés.
date-today = { $weekday } { $day } de { $month }, { $time }
date-short = { $day } de { $month }
weekday-1 = lunes
weekday-2 = martes
weekday-3 = miércoles
weekday-4 = jueves
weekday-5 = viernes
weekday-6 = sábado
weekday-7 = domingo
month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre
ago-now = recién
ago-minutes = hace { $count } min
ago-hours = hace { $count } h
ago-days = hace { $count } días
in-minutes = en { $count } min
in-hours = en { $count } h
in-days = en { $count } días
length-moment = menos de un minuto
length-minutes = { $count } min
length-hours = { $count } h
length-days = { $count } días
problem-title = No se pudo
problem-title-nothing = Acá no hay nada
problem-title-forbidden = No podés hacer esto
problem-title-broken = Algo falló
problem-not-found = La dirección no lleva a nada, o a nada que puedas ver.
problem-broken = Algo falló de nuestro lado y quedó en el registro. Probá de nuevo.
problem-foreign = Ese pedido vino de otro sitio. Abrí la página acá y hacelo desde ahí.
problem-form = El pedido llegó incompleto. Recargá la página y probá de nuevo.
problem-too-large = Es demasiado grande para mandarlo así.
problem-permission = Hace falta el permiso «{ $permission }». Pedíselo a quien administra el negocio.
problem-forbidden = Tu rol no llega hasta ahí. Pedíselo a alguien con más permisos.
problem-no-business = No estás en ningún negocio. Elegí uno primero.
problem-anonymous = Entrá primero.
problem-gone = El enlace venció o ya se usó. Pedí otro.
problem-other-person = La invitación es para otra persona. Entrá con ese correo.
problem-last-owner = Un negocio necesita un dueño. Nombrá otro antes.
problem-busy = Hay demasiada gente entrando. Probá en unos segundos.
problem-wrong-login = El correo o la contraseña no están bien.
problem-wrong-code = Ese código no está bien, o ya se usó. Probá con el siguiente.
problem-current-password = No es tu contraseña actual.
problem-taken = Ese correo ya tiene cuenta. Entrá con ella.
problem-member-already = Ya está en el equipo.
problem-email = No parece un correo. Es así: ana@ejemplo.com
problem-name = Escribí un nombre, de hasta 120 letras.
problem-password-short = Le faltan letras: van 8 o más.
problem-password-long = Es demasiado larga.
problem-password-email = No puede ser tu correo.
problem-password-plain = Es siempre la misma letra.
problem-language = Elegí uno de la lista.
problem-role = Elegí un rol de la lista.
problem-extent = Elegí dónde.
problem-points = Elegí al menos un punto de servicio.
problem-owner-everywhere = Un dueño lo es en todo el negocio.
problem-scopes = Elegí al menos una cosa que pueda hacer.
problem-key-kind = Elegí si es real o de prueba.
mail-invitation-subject = Te invitan a { $business }
mail-reset-subject = Elegí otra contraseña
reach-and-others =
    { $count ->
        [one] { $names } y otro
       *[other] { $names } y otros { $count }
    }
devices-revoked =
    { $count ->
        [one] Una sesión cerrada.
       *[other] { $count } sesiones cerradas.
    }
recovery-codes-left =
    { $count ->
        [0] No te queda ninguno.
        [one] Te queda uno.
       *[other] Te quedan { $count }.
    }
dashboard-waiting =
    { $count ->
        [one] Una persona espera respuesta, hace { $since }.
       *[other] { $count } personas esperan respuesta. La primera, hace { $since }.
    }
system-bad =
    { $count ->
        [one] Una cosa mal
       *[other] { $count } cosas mal
    }
system-warn =
    { $count ->
        [one] Una cosa para mirar
       *[other] { $count } cosas para mirar
    }
problem-too-many-seconds =
    { $count ->
        [one] Demasiados intentos. Esperá { $count } segundo.
       *[other] Demasiados intentos. Esperá { $count } segundos.
    }
problem-too-many-minutes = Demasiados intentos. Esperá { $count } minutos.
mail-invitation-text =
    Te invitan a trabajar en { $business } con Relevo.

    Aceptá acá, dentro de 7 días:
    { $link }

    Si no esperabas esto, no hagas nada.
mail-reset-text =
    Con este enlace elegís otra contraseña. Sirve una vez, durante una hora:
    { $link }

    Si no lo pediste, no hagas nada: tu contraseña sigue igual.
