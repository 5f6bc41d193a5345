simulator = Simulador
skip-to-content = Ir al contenido
language = Idioma
language-es = Español
language-en = English
language-pt = Português
language-name = Español

simulator-test-orders = Pedidos de prueba: no mueven stock
simulator-choose = Elegí un punto de servicio
simulator-choose-hint = Cada uno tiene sus teléfonos de prueba. Lo que escribís ahí entra por el mismo camino que un mensaje de WhatsApp.
simulator-none = Todavía no hay negocios. Creá uno con: relevo tenant create
service-points = Puntos de servicio
phones = Teléfonos
offline = Sin conexión con Relevo. La página se reconecta sola.

clock = Reloj de la demo
clock-5 = +5 min
clock-60 = +1 h
clock-1440 = +24 h
clock-advance-5 = Adelantar el reloj 5 minutos
clock-advance-60 = Adelantar el reloj 1 hora
clock-advance-1440 = Adelantar el reloj 24 horas

customer-add = Otro cliente
customer-name = Cliente { $number }
customer-unknown = Sin nombre
watched-only = Llegó por otro canal: acá solo se mira.

holder-bot = Atiende el bot
holder-person = Atiende una persona
holder-nobody = Espera a una persona
holder-off = Bot apagado: no atiende nadie
held-bot = Atiende el bot
held-person = Atiende una persona
held-nobody = Sin atender
held-off = Bot apagado
holder-of = Quién atiende a { $name }
take = Tomar
give-back = Devolver al bot
reply-label = Responder como persona a { $name }
reply-hint = Responder como persona
reply-send = Responder
reply-not-yet = Cuando escriba, podés responderle como persona.
reply-closed = Pasaron más de 24 h desde su último mensaje: WhatsApp ya no deja mandarle texto libre.

window-open = Ventana de 24 h: quedan { $hours } h { $minutes } min
window-closed = Ventana de 24 h cerrada: solo se abre si el cliente escribe

thread-of = Conversación de { $name }
thread-empty = Nadie escribió todavía. Probá con «hola».
typing = El bot está escribiendo
sender-bot = Bot
sender-person = Persona
sender-customer = Cliente

baton-handed-over = El bot pidió una persona
baton-taken-over = Tomó una persona
baton-returned = Volvió al bot

composer-label = Escribir como { $name }
composer-hint = Escribí como { $name }…
send = Enviar
more-to-send = Enviar otra cosa
sample-image = Imagen
sample-location = Ubicación
sample-sticker = Sticker
sample-unsupported = Un tipo desconocido
sample-image-caption = ¿Tienen este?
deliver-twice = Entregar dos veces
deliver-twice-hint = Entrega otra vez el último mensaje de { $name }, con la misma clave
delivered-times = Llegó { $times } veces: misma clave, un solo turno

react = Reaccionar
react-with = Reaccionar con { $emoji }
react-remove = Quitar la reacción
reacted = Reaccionó con { $emoji }
quoted = En respuesta a
choose-row = Elegí una opción
close = Cerrar

state-received = Recibido
state-queued = En cola
state-sending = Enviando
state-sent = Enviado
state-delivered = Entregado
state-read = Leído
state-failed = No se entregó
state-failed-why = No se entregó: { $why }
state-uncertain = No se sabe si salió
state-uncertain-why = No se sabe si salió: la conexión se cortó al enviarlo
state-cancelled = No se envió
state-cancelled-why = No se envió: cambió quién atiende

content-image = Imagen
content-audio = Audio
content-voice = Nota de voz
content-video = Video
content-document = Documento
content-sticker = Sticker
content-location = Ubicación
content-reaction = Reacción
content-reaction-removed = quitada
content-contacts = Contactos
content-order = Pedido del catálogo
content-form = Formulario
content-edit = Mensaje editado
content-revoke = Mensaje eliminado
content-system = WhatsApp avisa
content-template = Plantilla
content-unsupported = Tipo de mensaje que Relevo no conoce

problem = No se pudo
problem-back = Volver
problem-not-found = Acá no hay nada. Volvé al simulador y elegí un punto de servicio.
problem-broken = Algo falló de nuestro lado y quedó en el registro. Probá de nuevo.
problem-foreign = Ese pedido vino de otro sitio. Abrí el simulador y hacelo desde ahí.
problem-form = El pedido llegó incompleto. Recargá la página y probá de nuevo.
problem-empty = Escribí algo antes de enviar.
problem-too-long = El texto pasa de 4096 caracteres, el máximo de WhatsApp. Acortalo o mandalo en partes.
problem-choice = Esa opción no existe. Elegí una de las que ofrece el mensaje.
problem-sample = Eso no se puede enviar desde acá. Elegí imagen, ubicación, sticker o un tipo desconocido.
problem-reaction = Ese mensaje no está acá. Reaccioná a uno que se vea en el teléfono.
problem-nothing-said = Este cliente todavía no escribió. Mandá primero un mensaje desde su teléfono.
problem-read-only = Esta conversación llegó por otro canal: no se puede escribir como el cliente desde acá.
problem-window-closed = Pasaron más de 24 h desde su último mensaje: WhatsApp no acepta texto libre. Esperá a que escriba.
problem-clock-step = El reloj avanza 5 minutos, 1 hora o 24 horas. Elegí uno de esos pasos.
problem-too-many-phones = Este punto de servicio ya no admite más clientes de prueba.
