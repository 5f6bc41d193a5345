nav = Navegação
nav-dashboard = Painel
nav-simulator = Simulador
nav-team = Equipe
nav-people = Pessoas
nav-matrix = Quem pode o quê
nav-settings = Ajustes
nav-keys = Chaves de API
nav-audit = Registro
nav-system = Sistema
nav-account = Sua conta
nav-profile = Dados e senha
nav-devices = Dispositivos
nav-second-factor = Segundo fator
section-pages = Páginas desta seção
where = Onde você está
pages = Páginas da lista
page-first = Primeira
page-next = Próxima
language-and-theme = Idioma e tema
theme = Tema
theme-auto = Do dispositivo
theme-light = Claro
theme-dark = Escuro
person-menu = Sua conta: { $name }
log-out = Sair
business-none = Nenhum negócio
business-another = Outro negócio
business-switched = Agora você trabalha em { $business }.
role-in = { $role } em { $name }
role = Papel
role-owner = Dono
role-admin = Admin
role-agent = Agente
role-viewer = Leitura
role-owner-hint = Tudo, também apagar o negócio.
role-admin-hint = Tudo, menos apagar o negócio.
role-agent-hint = Atende conversas e pedidos.
role-viewer-hint = Olha, sem mudar nada.
reach = Onde
reach-all = Em todos os pontos de atendimento
reach-some = Só nestes pontos de atendimento
reach-none = Em nenhum
points-hint = Contam quando você escolhe “só nestes”.
save = Salvar
cancel = Cancelar
change = Mudar
change-named = Mudar { $name }
remove-named = Tirar { $name }
copy = Copiar
copied = Copiado
link = Link
ends = Vence
you = você
yes = sim
no = não
never = nunca
and-more = e mais { $count }
state = Estado
state-ok = Bem
state-warn = Para olhar
state-bad = Mal
actions = Ações
person = Pessoa
last-used = Último uso
shown-once = Mostra-se uma só vez
service-point = Ponto de atendimento
email = E-mail
password = Senha
new-password = Senha nova
current-password = Senha atual
password-hint = 8 letras ou mais. Uma frase é mais fácil de lembrar.
name = Nome
name-hint = Assim a equipe vê você.
code = Código
code-hint = Seis dígitos do app, ou um código de recuperação.
log-in = Entrar
log-in-lead = Com seu e-mail e sua senha.
log-in-demo = É a demo: onde você a iniciou aparece com que entrar.
log-in-anew = Começar de novo
back-to-login = Voltar ao login
login-again = Passou tempo demais. Entre de novo.
logged-out = Você saiu.
second-step = Segundo fator
second-step-lead = A senha está certa. Falta o código.
register = Criar conta
register-link = Criar uma conta
register-lead = Depois você adiciona o seu negócio, ou entra no deles.
register-known = Já tem conta?
reset = Recuperar a conta
reset-link = Esqueci a senha
reset-lead = Mandamos um link para escolher outra senha.
reset-ask = Mandar o link
reset-asked = Se há uma conta com { $email }, o link está a caminho.
reset-by-admin = Esta instalação não manda e-mails. Peça um link a quem administra o seu negócio: faz isso em Equipe, com um botão.
reset-choose = Escolha outra senha
reset-choose-lead = Com ela você entra de novo; as outras sessões se fecham.
reset-done = Senha salva. Entre com ela.
reset-for = Se esqueceu a senha
reset-for-mail = { $name } recebe um link para escolher outra.
reset-for-link = Faça um link e dê a { $name }: serve uma vez, por uma hora.
reset-for-send = Mandar o link
reset-for-make = Fazer um link
reset-sent = Link mandado a { $email }.
invitation-to = Convidam você para { $business }
invitation-lead = Para { $email }, como { $role }.
invitation-other = Você entrou como { $email }, e o convite é para outra pessoa. Saia e abra o link de novo.
invitation-known = Esse e-mail já tem conta. Entre para aceitar.
invitation-accepted = Você já faz parte de { $business }.
invitation-sent = Convite mandado a { $email }.
invitation-withdrawn = Convite retirado.
invitation-waits = Esperando
invitations = Convites
accept = Aceitar
accept-as = Aceitar como { $name }
invite = Convidar
invite-mail-hint = Recebe um link que serve por 7 dias.
invite-link-hint = Mostramos um link para você dar. Serve por 7 dias.
withdraw = Retirar
withdraw-named = Retirar o convite de { $email }
withdraw-question = Retirar o convite?
withdraw-consequence = O link de { $email } deixa de servir.
link-invitation = Link de convite
link-new-password = Link para a senha
link-lead-invitation = Dê este link. Quem o abrir pode aceitar, uma vez.
link-lead-new-password = Dê este link. Quem o abrir escolhe a senha, uma vez.
link-given = Já dei
account = Sua conta
account-profile = Seus dados
account-saved = Salvo.
language-hint = O das páginas e dos e-mails.
password-change = Mudar a senha
password-change-hint = As suas outras sessões se fecham.
password-changed = Senha mudada. As suas outras sessões se fecharam.
device = Dispositivo
device-address = Endereço
device-since = Desde
device-this = Este
device-program = Programa
device-named = { $browser } em { $system }
device-only = { $name }
device-unknown = Dispositivo desconhecido
device-revoke = Fechar
device-revoke-named = Fechar a sessão de { $name }
device-revoked = Sessão fechada.
devices-revoke-others = Fechar as outras
devices-hint = Se não reconhece um, feche-o e mude a senha.
second-factor-on = Com segundo fator
second-factor-off = Sem segundo fator
second-factor-title = Que a senha não baste
second-factor-lead = Ao entrar pedimos também um código de um app do seu telefone.
second-factor-add = Ativar
second-factor-offered = Adicione o Relevo ao seu app
second-factor-waits = Espera o seu código
second-factor-qr = Código QR para o app
second-factor-typed = Se não puder escanear, escreva isto no app:
second-factor-step-1 = Abra um app de códigos, como Aegis ou Google Authenticator.
second-factor-step-2 = Escaneie o QR.
second-factor-step-3 = Escreva o código que mostra.
second-factor-prove = Ativar
second-factor-remove = Tirar o segundo fator
second-factor-remove-lead = A senha volta a bastar.
second-factor-removed = Segundo fator tirado.
recovery-codes = Códigos de recuperação
recovery-codes-lead = Cada um serve uma vez, se não tiver o telefone. Guarde-os onde guarda o importante.
recovery-codes-kept = Já os guardei
recovery-codes-renew = Fazer outros
recovery-codes-renew-hint = Os de antes deixam de servir.
permission = Permissão
permission-limited = Nos seus pontos de atendimento
permission-see-business = Ver o negócio e o catálogo
permission-see-conversations = Ver conversas
permission-take-over = Assumir e devolver
permission-send = Enviar
permission-switch-bot = Ligar e desligar o bot
permission-see-orders = Ver pedidos
permission-change-orders = Mudar pedidos
permission-see-money = Ver totais e receita
permission-use-simulator = Usar o simulador
permission-ask-for-qr = Pedir um QR
permission-manage-points = Administrar pontos de atendimento
permission-manage-channels = Administrar números de WhatsApp
permission-configure-flows = Configurar fluxos
permission-manage-people = Administrar pessoas
permission-manage-products = Administrar produtos
permission-configure-assistant = Configurar o assistente
permission-upload-plugins = Subir plugins
permission-manage-api-keys = Administrar chaves de API
permission-export = Exportar
permission-see-audit = Ver o registro
permission-change-business = Mudar os dados do negócio
permission-erase-business = Apagar o negócio
matrix-hint = Quem trabalha só em alguns pontos de atendimento tem o seu ali, e nada do que é do negócio inteiro.
colleague-remove = Tirar
colleague-remove-question = Tirar { $name }?
colleague-remove-consequence = Deixa de ver { $business } na hora. A conta continua, e você pode convidar de novo.
colleague-removed = { $name } já não está na equipe.
colleague-saved = Salvo: { $name }.
key = Chave
key-name = Nome da chave
key-name-hint = Para que programa é.
key-new = Chave nova
key-make = Criar chave
key-made = Copie agora
key-made-lead = Depois só mostramos com que começa.
key-made-at = Criada
key-kept = Já a guardei
key-kind = Tipo
key-live = Real
key-live-hint = Faz o que você escolher abaixo.
key-test = De teste
key-test-hint = Chega só ao simulador.
key-scopes = O que pode
key-scopes-hint = O menos possível: dá para criar várias.
key-revoke = Revogar
key-revoke-named = Revogar { $name }
key-revoke-question = Revogar { $name }?
key-revoke-consequence = O programa que a usa deixa de entrar na hora. É a que começa com
key-revoked = { $name } revogada.
key-revoked-word = Revogada
keys-none = Não há chaves
keys-none-hint = Com uma chave, outro programa trabalha com este negócio pela API.
audit-when = Quando
audit-who = Quem
audit-what = O que fez
audit-to = A quem ou o quê
audit-none = Ainda não há nada no registro
audit-somebody = Alguém que já não está
audit-machine = Um comando no servidor
audit-member-invited = Convidou
audit-member-joined = Aceitou o convite
audit-member-changed = Mudou o papel ou o alcance
audit-member-removed = Tirou da equipe
audit-invitation-withdrawn = Retirou um convite
audit-api-key-made = Criou uma chave de API
audit-api-key-revoked = Revogou uma chave de API
audit-password-link-made = Fez um link para a senha
audit-business-founded = Criou o negócio
audit-user-created = Criou a conta
welcome = Olá, { $name }
welcome-choose = Em que negócio você trabalha agora?
welcome-none = Sua conta ainda não faz parte de nenhum negócio. Peça um convite a quem administra o seu.
dashboard-nobody = Ninguém espera.
dashboard-attend = Atender { $name }
dashboard-attend-unnamed = Atender
dashboard-simulated = É a demo: contam também as conversas do simulador.
waiting = Esperam
waiting-longest = A mais antiga
today-hands = Bot / pessoa hoje
share-waiting = { $bot } / { $person } · { $nobody } sem atender
share = { $bot } / { $person }
nothing-today = sem mensagens
last-message = Última mensagem
points-none = Não há pontos de atendimento
points-none-hint = Um ponto de atendimento tem seu número e sua caixa.
to-mend = Para resolver
mend-whatsapp = { $point } está sem WhatsApp
mend-second-factor = Sua conta não tem segundo fator
mend-second-factor-why = Com sua senha dá para administrar o negócio.
whatsapp-none = Sem número
whatsapp-active = Conectado
whatsapp-paused = Em pausa
whatsapp-pending = Sem confirmar
whatsapp-stopped = Parado
whatsapp-paused-why = O WhatsApp pediu para mandar mais devagar. Segue sozinho.
whatsapp-pending-why = Falta o WhatsApp confirmar o número.
whatsapp-stopped-why = O número precisa de uma pessoa: a permissão venceu ou foi tirada.
system-ok = Tudo bem
system-what = O quê
system-how = Como está
system-hint = O mesmo que diz o comando relevo doctor, em inglês.
date-today = { $weekday }, { $day } de { $month }, { $time }
date-short = { $day } de { $month }
weekday-1 = segunda
weekday-2 = terça
weekday-3 = quarta
weekday-4 = quinta
weekday-5 = sexta
weekday-6 = sábado
weekday-7 = domingo
month-1 = janeiro
month-2 = fevereiro
month-3 = março
month-4 = abril
month-5 = maio
month-6 = junho
month-7 = julho
month-8 = agosto
month-9 = setembro
month-10 = outubro
month-11 = novembro
month-12 = dezembro
ago-now = agora mesmo
ago-minutes = há { $count } min
ago-hours = há { $count } h
ago-days = há { $count } dias
in-minutes = em { $count } min
in-hours = em { $count } h
in-days = em { $count } dias
length-moment = menos de um minuto
length-minutes = { $count } min
length-hours = { $count } h
length-days = { $count } dias
problem-title = Não deu
problem-title-nothing = Aqui não há nada
problem-title-forbidden = Você não pode fazer isto
problem-title-broken = Algo falhou
problem-not-found = O endereço não leva a nada, ou a nada que você possa ver.
problem-broken = Algo falhou do nosso lado e ficou no registro. Tente de novo.
problem-foreign = Esse pedido veio de outro site. Abra a página aqui e faça por ali.
problem-form = O pedido chegou incompleto. Recarregue a página e tente de novo.
problem-too-large = É grande demais para mandar assim.
problem-permission = Falta a permissão “{ $permission }”. Peça a quem administra o negócio.
problem-forbidden = Seu papel não chega até ali. Peça a alguém com mais permissões.
problem-no-business = Você não está em nenhum negócio. Escolha um primeiro.
problem-anonymous = Entre primeiro.
problem-gone = O link venceu ou já foi usado. Peça outro.
problem-other-person = O convite é para outra pessoa. Entre com esse e-mail.
problem-last-owner = Um negócio precisa de um dono. Nomeie outro antes.
problem-busy = Há gente demais entrando. Tente em alguns segundos.
problem-wrong-login = O e-mail ou a senha não estão certos.
problem-wrong-code = Esse código não está certo, ou já foi usado. Tente o próximo.
problem-current-password = Não é a sua senha atual.
problem-taken = Esse e-mail já tem conta. Entre com ela.
problem-member-already = Já está na equipe.
problem-email = Não parece um e-mail. É assim: ana@exemplo.com
problem-name = Escreva um nome, de até 120 letras.
problem-password-short = Faltam letras: são 8 ou mais.
problem-password-long = É longa demais.
problem-password-email = Não pode ser o seu e-mail.
problem-password-plain = É sempre a mesma letra.
problem-language = Escolha um da lista.
problem-role = Escolha um papel da lista.
problem-extent = Escolha onde.
problem-points = Escolha ao menos um ponto de atendimento.
problem-owner-everywhere = Um dono o é em todo o negócio.
problem-scopes = Escolha ao menos uma coisa que possa fazer.
problem-key-kind = Escolha se é real ou de teste.
mail-invitation-subject = Convidam você para { $business }
mail-reset-subject = Escolha outra senha
reach-and-others =
    { $count ->
        [one] { $names } e outro
       *[other] { $names } e outros { $count }
    }
devices-revoked =
    { $count ->
        [one] Uma sessão fechada.
       *[other] { $count } sessões fechadas.
    }
recovery-codes-left =
    { $count ->
        [0] Não resta nenhum.
        [1] Resta um.
       *[other] Restam { $count }.
    }
dashboard-waiting =
    { $count ->
        [one] Uma pessoa espera resposta há { $since }.
       *[other] { $count } pessoas esperam resposta. A primeira, há { $since }.
    }
system-bad =
    { $count ->
        [one] Uma coisa mal
       *[other] { $count } coisas mal
    }
system-warn =
    { $count ->
        [one] Uma coisa para olhar
       *[other] { $count } coisas para olhar
    }
problem-too-many-seconds =
    { $count ->
        [one] Tentativas demais. Espere { $count } segundo.
       *[other] Tentativas demais. Espere { $count } segundos.
    }
problem-too-many-minutes = Tentativas demais. Espere { $count } minutos.
mail-invitation-text =
    Convidam você a trabalhar em { $business } com o Relevo.

    Aceite aqui, em até 7 dias:
    { $link }

    Se não esperava isto, não faça nada.
mail-reset-text =
    Com este link você escolhe outra senha. Serve uma vez, durante uma hora:
    { $link }

    Se não pediu, não faça nada: sua senha continua igual.
