turns = Turnos
turns-of = Turnos de { $name }
turns-lead = Cada vez que um plugin respondeu: o que recebeu, o que consultou, o que fez e o que guardou.
turns-none = Nenhum plugin respondeu ainda
turn = Turno
turn-open = Ver o turno
turn-event = O que chegou
turn-when = Quando
turn-plugin = Plugin
turn-not-kept = sem registro: não dá para repetir
turn-previous = Anterior
turn-next = Próximo
turn-steps = Passo a passo
turn-attempts = { $count ->
    [one] { $count } tentativa
   *[other] { $count } tentativas
}
turn-around = Ao redor
turn-around-hint = como estava quando começou
turn-time = hora
turn-locale = idioma
turn-config-version = ajustes n.º
turn-config-of = ajustes n.º { $version }
turn-config = ajustes
turn-customer = dados do cliente
turn-labels = etiquetas
action-pass = Não assume
action-failed = Falha
test-save = Salvar como teste
test-save-lead = A conversa vira um roteiro que dá para ler, baixar e rodar em cada versão.
test-name = Nome do teste
test-saved = O teste «{ $name }» foi salvo.
test-removed = O teste foi apagado.
test-own = do plugin
test-kept = de uma conversa
test-download = Baixar
test-remove-named = Apagar o teste { $name }
test-passed = Passou
test-failed = Falhou
test-line = Linha { $line } do roteiro
test-expected = Esperado
test-script = Roteiro
test-who-customer = Cliente
test-who-bot = Bot
test-who-deed = Fez
test-who-clock = Relógio
tests-lead = Conversas de teste, com relógio e dados próprios: não escrevem para ninguém nem chamam nada de fora.
tests-run = Rodar os testes
tests-none = Não há testes. Salve uma conversa como teste nos seus turnos.
tests-passed = Passaram: { $passed }.
tests-failed = Falharam: { $failed }. Passaram: { $passed }.
replay-start = Comparar uma versão
replay-lead = Roda conversas registradas em outra versão, sem escrever nem chamar ninguém, e mostra o que teria dito ou feito diferente.
replay-candidate = Versão
replay-last = Conversas
replay-last-hint = As últimas em que respondeu, 200 no máximo.
replay-choose = Ou escolha quais
replay-choose-hint = Se marcar alguma, só essas são testadas.
replay-run = Comparar
replay-started = A comparação começou.
replay-required = Para ativar uma versão é preciso aprovar a comparação.
replay-nothing = Não há versão para comparar.
replay-earlier = Comparações anteriores
replay-none = Nenhuma ainda.
replay-found = Resultado
replay-running = Comparando a { $version }
replay-progress = { $done } de { $turns } turnos
replay-ended = Interrompida
replay-ended-why = Foi interrompida depois de { $done } de { $turns } turnos. Comece de novo.
replay-pending = { $count } por decidir
replay-rejected = { $count ->
    [one] { $count } rejeitada
   *[other] { $count } rejeitadas
}
replay-approved = { $count ->
    [0] Sem diferenças
   *[other] Aprovada
}
replay-of = O que muda com a { $version }
replay-sum = { $conversations ->
    [one] { $conversations } conversa
   *[other] { $conversations } conversas
}, { $turns ->
    [one] { $turns } turno
   *[other] { $turns } turnos
}.
replay-skipped = { $count } não podem ser comparados: não ficaram registrados ou outro respondeu.
replay-same = Teria dito e feito o mesmo em todos.
replay-approve-all = { $count ->
    [one] Aprovar a que falta
   *[other] Aprovar as { $count } que faltam
}
replay-verdict-pending = Fica por decidir.
replay-verdict-approved = Aprovado.
replay-verdict-rejected = Rejeitado.
difference-said = O que diz
difference-done = O que faz
difference-state = O que guarda
difference-failed = Uma das duas falha
difference-unrecorded = Pergunta algo que não está registrado
difference-turn = Ver o turno
difference-before = Como foi
difference-after = Como seria
difference-nothing = nada
verdict-approved = Aprovado
verdict-rejected = Rejeitado
verdict-approve = Aprovar
verdict-reject = Rejeitar
field-replay-running = Já há uma comparação em andamento. Espere terminar.
field-replay-count = Escolha de 1 a 200 conversas.
field-tests-enough = Já há 100 testes salvos. Apague algum.
audit-replay-started = Comparou uma versão de um plugin
audit-replay-approved = Aprovou diferenças de uma comparação
audit-replay-rejected = Rejeitou diferenças de uma comparação
audit-replay-pending = Deixou uma diferença por decidir de novo
audit-test-saved = Salvou uma conversa como teste
audit-test-removed = Apagou um teste
