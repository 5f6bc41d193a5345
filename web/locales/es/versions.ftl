plugin-refused = Este archivo no se puede usar: { $detail }
plugin-asks-more = Esta versión pide más de lo que aceptaste.
field-share = Elegí 5, 25 o 50 %.
field-canary-version = Tiene que haber una versión activa, y la de prueba tiene que ser otra.
plugin-built-in = Este plugin viene con el programa: no tiene otras versiones.
problem-consent = Esta versión pide más permisos. Revisalos y aceptalos antes de activarla.
problem-not-ready = La versión todavía se está preparando.
problem-replay-needed = Antes de activarla, compará qué habría contestado distinto y aprobá las diferencias.
problem-config-misfit = La configuración no va con esa versión: primero configurala para ella.
problem-no-version = No hay otra versión a la que volver.
schema-required = Falta este dato.
schema-type = Tiene que ser de otro tipo: { $detail }.
schema-unknown = El plugin no conoce este dato.
schema-choice = Elegí una de las opciones.
schema-min-length = Es muy corto: { $detail } caracteres como mínimo.
schema-max-length = Es muy largo: { $detail } caracteres como máximo.
schema-pattern = No tiene la forma que el plugin espera.
schema-minimum = Tiene que ser { $detail } o más.
schema-maximum = Tiene que ser { $detail } o menos.
schema-min-items = Faltan elementos: { $detail } como mínimo.
schema-max-items = Sobran elementos: { $detail } como máximo.
schema-format = No tiene el formato correcto ({ $detail }).
schema-other = No se puede usar este valor.
schema-says = { $text }
schema-unchecked = El plugin falló al revisar la configuración.
mend-plugin-set-aside = { $plugin } dejó de contestar
mend-plugin-set-aside-why = Falló muchas veces seguidas. Sus conversaciones siguen con otro plugin o con una persona.
mend-plugin-taken-back = La versión de prueba de { $plugin } se retiró
mend-plugin-taken-back-why = Fallaba más que la versión activa, que ahora contesta todo.
mend-plugin-see = Ver el plugin
mail-plugin-set-aside-subject = { $plugin } dejó de contestar en { $business }
mail-plugin-set-aside-text =
    El plugin { $plugin } falló muchas veces seguidas y ya no contesta.
    Sus conversaciones siguen con otro plugin o con una persona.

    Miralo y probá de nuevo:
    { $link }
mail-plugin-taken-back-subject = Se retiró una versión de prueba de { $plugin } en { $business }
mail-plugin-taken-back-text =
    La versión de prueba de { $plugin } fallaba más que la versión activa, que ahora contesta todo.

    Miralo:
    { $link }
audit-plugin-uploaded = Subió una versión
audit-plugin-granted = Aceptó permisos
audit-plugin-activated = Activó una versión
audit-plugin-rolled-back = Volvió a la versión anterior
audit-plugin-canary-started = Probó una versión con una parte de las conversaciones
audit-plugin-canary-kept = Dejó activa la versión de prueba
audit-plugin-canary-ended = Terminó la prueba de una versión
audit-plugin-canary-taken-back = Retiró la versión de prueba, que fallaba más
audit-plugin-set-aside = Apartó un plugin que fallaba
audit-plugin-tried-again = Probó de nuevo un plugin apartado
audit-plugin-on = Encendió un plugin
audit-plugin-off = Apagó un plugin
audit-plugin-configured = Cambió la configuración de un plugin
audit-plugin-version-removed = Quitó una versión
audit-plugin-replay-required = Pidió aprobar la reproducción antes de activar
audit-plugin-replay-not-required = Dejó de pedir la reproducción antes de activar
