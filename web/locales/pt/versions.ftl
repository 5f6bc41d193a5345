plugin-refused = Este arquivo não pode ser usado: { $detail }
plugin-asks-more = Esta versão pede mais do que você aceitou.
field-share = Escolha 5, 25 ou 50 %.
field-canary-version = Tem que haver uma versão ativa, e a de teste tem que ser outra.
plugin-built-in = Este plugin vem com o programa: não tem outras versões.
problem-consent = Esta versão pede mais permissões. Revise e aceite antes de ativá-la.
problem-not-ready = A versão ainda está sendo preparada.
problem-replay-needed = Antes de ativá-la, compare o que teria respondido diferente e aprove as diferenças.
problem-config-misfit = A configuração não serve para essa versão: configure-a para ela primeiro.
problem-no-version = Não há outra versão para voltar.
schema-required = Falta este dado.
schema-type = Tem que ser de outro tipo: { $detail }.
schema-unknown = O plugin não conhece este dado.
schema-choice = Escolha uma das opções.
schema-min-length = Muito curto: no mínimo { $detail } caracteres.
schema-max-length = Muito longo: no máximo { $detail } caracteres.
schema-pattern = Não tem a forma que o plugin espera.
schema-minimum = Tem que ser { $detail } ou mais.
schema-maximum = Tem que ser { $detail } ou menos.
schema-min-items = Faltam itens: no mínimo { $detail }.
schema-max-items = Itens demais: no máximo { $detail }.
schema-format = Não tem o formato certo ({ $detail }).
schema-other = Este valor não pode ser usado.
schema-says = { $text }
schema-unchecked = O plugin falhou ao verificar a configuração.
mend-plugin-set-aside = { $plugin } parou de responder
mend-plugin-set-aside-why = Falhou muitas vezes seguidas. Suas conversas seguem com outro plugin ou com uma pessoa.
mend-plugin-taken-back = A versão de teste de { $plugin } foi retirada
mend-plugin-taken-back-why = Falhava mais que a versão ativa, que agora responde tudo.
mend-plugin-see = Ver o plugin
mail-plugin-set-aside-subject = { $plugin } parou de responder em { $business }
mail-plugin-set-aside-text =
    O plugin { $plugin } falhou muitas vezes seguidas e não responde mais.
    Suas conversas seguem com outro plugin ou com uma pessoa.

    Veja e tente de novo:
    { $link }
mail-plugin-taken-back-subject = Uma versão de teste de { $plugin } foi retirada em { $business }
mail-plugin-taken-back-text =
    A versão de teste de { $plugin } falhava mais que a versão ativa, que agora responde tudo.

    Veja:
    { $link }
audit-plugin-uploaded = Enviou uma versão
audit-plugin-granted = Aceitou permissões
audit-plugin-activated = Ativou uma versão
audit-plugin-rolled-back = Voltou à versão anterior
audit-plugin-canary-started = Testou uma versão com uma parte das conversas
audit-plugin-canary-kept = Deixou ativa a versão de teste
audit-plugin-canary-ended = Terminou o teste de uma versão
audit-plugin-canary-taken-back = Retirou a versão de teste, que falhava mais
audit-plugin-set-aside = Afastou um plugin que falhava
audit-plugin-tried-again = Testou de novo um plugin afastado
audit-plugin-on = Ligou um plugin
audit-plugin-off = Desligou um plugin
audit-plugin-configured = Mudou a configuração de um plugin
audit-plugin-version-removed = Removeu uma versão
audit-plugin-replay-required = Pediu aprovar a reprodução antes de ativar
audit-plugin-replay-not-required = Deixou de pedir a reprodução antes de ativar
