simulator = Simulador
skip-to-content = Ir para o conteúdo
language = Idioma
language-es = Español
language-en = English
language-pt = Português
language-name = Português

simulator-test-orders = Pedidos de teste: não mexem no estoque
simulator-choose = Escolha um ponto de atendimento
simulator-choose-hint = Cada um tem seus telefones de teste. O que você escreve ali entra pelo mesmo caminho de uma mensagem do WhatsApp.
simulator-none = Ainda não há empresas. Crie uma com: relevo tenant create
service-points = Pontos de atendimento
phones = Telefones
offline = Sem conexão com o Relevo. A página se reconecta sozinha.

clock = Relógio da demo
clock-5 = +5 min
clock-60 = +1 h
clock-1440 = +24 h
clock-advance-5 = Adiantar o relógio 5 minutos
clock-advance-60 = Adiantar o relógio 1 hora
clock-advance-1440 = Adiantar o relógio 24 horas

customer-add = Outro cliente
customer-name = Cliente { $number }
customer-unknown = Sem nome
watched-only = Chegou por outro canal: aqui só se observa.

holder-bot = O bot atende
holder-person = Uma pessoa atende
holder-nobody = Espera uma pessoa
holder-off = Bot desligado: ninguém atende
held-bot = O bot atende
held-person = Uma pessoa atende
held-nobody = Sem atender
held-off = Bot desligado
holder-of = Quem atende { $name }
take = Assumir
give-back = Devolver ao bot
reply-label = Responder a { $name } como pessoa
reply-hint = Responder como pessoa
reply-send = Responder
reply-not-yet = Quando escrever, você pode responder como pessoa.
reply-closed = Passaram mais de 24 h desde a última mensagem: o WhatsApp não aceita mais texto livre.

window-open = Janela de 24 h: restam { $hours } h { $minutes } min
window-closed = Janela de 24 h fechada: só abre se o cliente escrever

thread-of = Conversa de { $name }
thread-empty = Ninguém escreveu ainda. Tente “hola”.
typing = O bot está escrevendo
sender-bot = Bot
sender-person = Pessoa
sender-customer = Cliente

baton-handed-over = O bot pediu uma pessoa
baton-taken-over = Uma pessoa assumiu
baton-returned = Voltou ao bot

composer-label = Escrever como { $name }
composer-hint = Escreva como { $name }…
send = Enviar
more-to-send = Enviar outra coisa
sample-image = Imagem
sample-location = Localização
sample-sticker = Figurinha
sample-unsupported = Um tipo desconhecido
sample-image-caption = Vocês têm este?
deliver-twice = Entregar duas vezes
deliver-twice-hint = Entrega de novo a última mensagem de { $name }, com a mesma chave
delivered-times = Chegou { $times } vezes: mesma chave, um só turno

react = Reagir
react-with = Reagir com { $emoji }
react-remove = Retirar a reação
reacted = Reagiu com { $emoji }
quoted = Em resposta a
choose-row = Escolha uma opção
close = Fechar

state-received = Recebida
state-queued = Na fila
state-sending = Enviando
state-sent = Enviada
state-delivered = Entregue
state-read = Lida
state-failed = Não foi entregue
state-failed-why = Não foi entregue: { $why }
state-uncertain = Não se sabe se saiu
state-uncertain-why = Não se sabe se saiu: a conexão caiu durante o envio
state-cancelled = Não foi enviada
state-cancelled-why = Não foi enviada: mudou quem atende

content-image = Imagem
content-audio = Áudio
content-voice = Nota de voz
content-video = Vídeo
content-document = Documento
content-sticker = Figurinha
content-location = Localização
content-reaction = Reação
content-reaction-removed = retirada
content-contacts = Contatos
content-order = Pedido do catálogo
content-form = Formulário
content-edit = Mensagem editada
content-revoke = Mensagem apagada
content-system = WhatsApp avisa
content-template = Modelo
content-unsupported = Tipo de mensagem que o Relevo não conhece

problem = Não foi possível
problem-back = Voltar
problem-not-found = Não há nada aqui. Volte ao simulador e escolha um ponto de atendimento.
problem-broken = Algo falhou do nosso lado e ficou no registro. Tente de novo.
problem-foreign = Esse pedido veio de outro site. Abra o simulador e faça por lá.
problem-form = O pedido chegou incompleto. Recarregue a página e tente de novo.
problem-empty = Escreva algo antes de enviar.
problem-too-long = O texto passa de 4096 caracteres, o limite do WhatsApp. Encurte ou envie em partes.
problem-choice = Essa opção não existe. Escolha uma das que a mensagem oferece.
problem-sample = Isso não pode ser enviado daqui. Escolha imagem, localização, figurinha ou um tipo desconhecido.
problem-reaction = Essa mensagem não está aqui. Reaja a uma que apareça no telefone.
problem-nothing-said = Este cliente ainda não escreveu. Envie primeiro uma mensagem do telefone dele.
problem-read-only = Esta conversa chegou por outro canal: não se pode escrever como o cliente daqui.
problem-window-closed = Passaram mais de 24 h desde a última mensagem: o WhatsApp não aceita texto livre. Espere que escreva.
problem-clock-step = O relógio avança 5 minutos, 1 hora ou 24 horas. Escolha um desses passos.
problem-too-many-phones = Este ponto de atendimento não aceita mais clientes de teste.
