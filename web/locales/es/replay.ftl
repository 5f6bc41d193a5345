turns = Turnos
turns-of = Turnos de { $name }
turns-lead = Cada vez que un plugin respondió: qué recibió, qué consultó, qué hizo y qué guardó.
turns-none = Todavía no respondió ningún plugin
turn = Turno
turn-open = Ver el turno
turn-event = Qué llegó
turn-when = Cuándo
turn-plugin = Plugin
turn-not-kept = sin registro: no se puede repetir
turn-previous = Anterior
turn-next = Siguiente
turn-steps = Paso a paso
turn-attempts = { $count ->
    [one] { $count } intento
   *[other] { $count } intentos
}
turn-around = Alrededor
turn-around-hint = como estaba cuando empezó
turn-time = hora
turn-locale = idioma
turn-config-version = ajustes n.º
turn-config-of = ajustes n.º { $version }
turn-config = ajustes
turn-customer = datos del cliente
turn-labels = etiquetas
action-pass = No lo toma
action-failed = Falla
test-save = Guardar como prueba
test-save-lead = La conversación queda como un guion que se puede leer, bajar y volver a correr en cada versión.
test-name = Nombre de la prueba
test-saved = La prueba «{ $name }» quedó guardada.
test-removed = La prueba se borró.
test-own = del plugin
test-kept = de una conversación
test-download = Bajar
test-remove-named = Borrar la prueba { $name }
test-passed = Pasó
test-failed = Falló
test-line = Línea { $line } del guion
test-expected = Se esperaba
test-script = Guion
test-who-customer = Cliente
test-who-bot = Bot
test-who-deed = Hizo
test-who-clock = Reloj
tests-lead = Conversaciones de prueba, con un reloj y datos propios: no escriben a nadie ni llaman afuera.
tests-run = Correr las pruebas
tests-none = No hay pruebas. Guardá una conversación como prueba desde sus turnos.
tests-passed = Pasaron: { $passed }.
tests-failed = Fallaron: { $failed }. Pasaron: { $passed }.
replay-start = Comparar una versión
replay-lead = Corre conversaciones registradas en otra versión, sin escribir ni llamar a nadie, y muestra qué habría dicho o hecho distinto.
replay-candidate = Versión
replay-last = Conversaciones
replay-last-hint = Las últimas en que respondió, 200 como máximo.
replay-choose = O elegí cuáles
replay-choose-hint = Si marcás alguna, se prueban solo esas.
replay-run = Comparar
replay-started = La comparación empezó.
replay-required = Para activar una versión hay que aprobar su comparación.
replay-nothing = No hay ninguna versión para comparar.
replay-earlier = Comparaciones anteriores
replay-none = Ninguna todavía.
replay-found = Resultado
replay-running = Comparando la { $version }
replay-progress = { $done } de { $turns } turnos
replay-ended = Se interrumpió
replay-ended-why = Se interrumpió después de { $done } de { $turns } turnos. Volvé a empezarla.
replay-pending = { $count } por decidir
replay-rejected = { $count ->
    [one] { $count } rechazada
   *[other] { $count } rechazadas
}
replay-approved = { $count ->
    [0] Sin diferencias
   *[other] Aprobada
}
replay-of = Qué cambia con la { $version }
replay-sum = { $conversations ->
    [one] { $conversations } conversación
   *[other] { $conversations } conversaciones
}, { $turns ->
    [one] { $turns } turno
   *[other] { $turns } turnos
}.
replay-skipped = { $count } no se pueden comparar: no quedaron registrados o los respondió otro.
replay-same = Habría dicho y hecho lo mismo en todos.
replay-approve-all = { $count ->
    [one] Aprobar la que falta
   *[other] Aprobar las { $count } que faltan
}
replay-verdict-pending = Queda por decidir.
replay-verdict-approved = Aprobado.
replay-verdict-rejected = Rechazado.
difference-said = Lo que dice
difference-done = Lo que hace
difference-state = Lo que guarda
difference-failed = Una de las dos falla
difference-unrecorded = Pregunta algo que no está registrado
difference-turn = Ver el turno
difference-before = Como fue
difference-after = Como sería
difference-nothing = nada
verdict-approved = Aprobado
verdict-rejected = Rechazado
verdict-approve = Aprobar
verdict-reject = Rechazar
field-replay-running = Ya hay una comparación en curso. Esperá a que termine.
field-replay-count = Elegí de 1 a 200 conversaciones.
field-tests-enough = Ya hay 100 pruebas guardadas. Borrá alguna.
audit-replay-started = Comparó una versión de un plugin
audit-replay-approved = Aprobó diferencias de una comparación
audit-replay-rejected = Rechazó diferencias de una comparación
audit-replay-pending = Volvió a dejar una diferencia por decidir
audit-test-saved = Guardó una conversación como prueba
audit-test-removed = Borró una prueba
