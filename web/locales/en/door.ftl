nav = Navigation
nav-dashboard = Dashboard
nav-simulator = Simulator
nav-team = Team
nav-people = People
nav-matrix = Who may what
nav-settings = Settings
nav-keys = API keys
nav-audit = Log
nav-system = System
nav-account = Your account
nav-profile = Details and password
nav-devices = Devices
nav-second-factor = Second factor
section-pages = Pages of this section
where = Where you are
pages = Pages of the list
page-first = First
page-next = Next
language-and-theme = Language and theme
theme = Theme
theme-auto = As the device
theme-light = Light
theme-dark = Dark
person-menu = Your account: { $name }
log-out = Log out
business-none = No business
business-another = Another business
business-switched = You work in { $business } now.
role-in = { $role } at { $name }
role = Role
role-owner = Owner
role-admin = Admin
role-agent = Agent
role-viewer = Viewer
role-owner-hint = Everything, erasing the business too.
role-admin-hint = Everything but erasing the business.
role-agent-hint = Handles conversations and orders.
role-viewer-hint = Looks, and changes nothing.
reach = Where
reach-all = At every service point
reach-some = At these service points only
reach-none = Nowhere
points-hint = They count when you choose “these only”.
save = Save
cancel = Cancel
change = Change
change-named = Change { $name }
remove-named = Remove { $name }
copy = Copy
copied = Copied
link = Link
ends = It ends
you = you
yes = yes
no = no
never = never
and-more = and { $count } more
state = State
state-ok = Fine
state-warn = To look at
state-bad = Wrong
actions = Actions
person = Person
last-used = Last used
shown-once = Shown once only
service-point = Service point
email = Email
password = Password
new-password = New password
current-password = Current password
password-hint = 8 letters or more. A phrase is easier to remember.
name = Name
name-hint = As the team sees you.
code = Code
code-hint = Six digits from the app, or a recovery code.
log-in = Log in
log-in-lead = With your email and your password.
log-in-demo = This is the demo: where you started it you see what to log in with.
log-in-anew = Begin anew
back-to-login = Back to the login
login-again = It took too long. Log in again.
logged-out = You are logged out.
second-step = Second factor
second-step-lead = The password is right. The code is missing.
register = Make an account
register-link = Make an account
register-lead = Then you add your business, or join theirs.
register-known = You have an account?
reset = Recover the account
reset-link = I forgot the password
reset-lead = We send you a link to choose another password.
reset-ask = Send the link
reset-asked = If { $email } has an account, the link is on its way.
reset-by-admin = This installation sends no mail. Ask whoever manages your business for a link: they make it under Team, with a button.
reset-choose = Choose another password
reset-choose-lead = You log in with it; all sessions end.
reset-done = Password saved. Log in with it.
reset-for = If they forgot the password
reset-for-mail = { $name } gets a link to choose another.
reset-for-link = Make a link and give it to { $name }: it works once, for an hour.
reset-for-send = Send the link
reset-for-make = Make a link
reset-sent = Link sent to { $email }.
invitation-to = You are invited to { $business }
invitation-lead = { $email }, as { $role }.
invitation-other = You are logged in as { $email }, and the invitation is for somebody else. Log out and open the link again.
invitation-known = That email has an account. Log in to accept.
invitation-accepted = You are part of { $business } now.
invitation-sent = Invitation sent to { $email }.
invitation-withdrawn = Invitation withdrawn.
invitation-waits = Waiting
invitations = Invitations
accept = Accept
accept-as = Accept as { $name }
invite = Invite
invite-mail-hint = They get a link that works for 7 days.
invite-link-hint = We show you a link to give them. It works for 7 days.
withdraw = Withdraw
withdraw-named = Withdraw the invitation of { $email }
withdraw-question = Withdraw the invitation?
withdraw-consequence = The link of { $email } stops working.
link-invitation = Invitation link
link-new-password = Password link
link-lead-invitation = Give them this link. Whoever opens it can accept, once.
link-lead-new-password = Give them this link. Whoever opens it chooses the password, once.
link-given = I gave it
account = Your account
account-profile = Your details
account-saved = Saved.
language-hint = Of the pages and the mails.
password-change = Change the password
password-change-hint = Your other sessions end.
password-changed = Password changed. Your other sessions have ended.
device = Device
device-address = Address
device-since = Since
device-this = This one
device-program = Program
device-named = { $browser } on { $system }
device-only = { $name }
device-unknown = Unknown device
device-revoke = End
device-revoke-named = End the session of { $name }
device-revoked = Session ended.
devices-revoke-others = End the others
devices-hint = If you do not know one, end it and change the password.
second-factor-on = With second factor
second-factor-off = No second factor
second-factor-title = So that the password is not enough
second-factor-lead = At the login we also ask for a code from an app on your phone.
second-factor-add = Turn on
second-factor-offered = Add Relevo to your app
second-factor-waits = Waits for your code
second-factor-qr = QR code for the app
second-factor-typed = If you cannot scan, type this into the app:
second-factor-step-1 = Open a code app, such as Aegis or Google Authenticator.
second-factor-step-2 = Scan the QR code.
second-factor-step-3 = Type the code that it shows.
second-factor-prove = Turn on
second-factor-remove = Remove the second factor
second-factor-remove-lead = The password alone is enough again.
second-factor-removed = Second factor removed.
recovery-codes = Recovery codes
recovery-codes-lead = Each works once, when you do not have the phone. Keep them where you keep what matters.
recovery-codes-kept = I kept them
recovery-codes-renew = Make others
recovery-codes-renew-hint = The earlier ones stop working.
permission = Permission
permission-limited = At their service points
permission-see-business = See the business and its catalogue
permission-see-conversations = See conversations
permission-take-over = Take over and give back
permission-send = Send
permission-switch-bot = Turn the bot on and off
permission-see-orders = See orders
permission-change-orders = Change orders
permission-see-money = See totals and takings
permission-use-simulator = Use the simulator
permission-ask-for-qr = Ask for a QR
permission-manage-points = Manage service points
permission-manage-channels = Manage WhatsApp numbers
permission-configure-flows = Configure flows
permission-manage-people = Manage people
permission-manage-products = Manage products
permission-configure-assistant = Configure the assistant
permission-upload-plugins = Upload plugins
permission-manage-api-keys = Manage API keys
permission-export = Export
permission-see-audit = See the log
permission-change-business = Change the business's details
permission-erase-business = Erase the business
matrix-hint = Whoever works at some service points only has theirs there, and nothing that is the whole business's.
colleague-remove = Remove
colleague-remove-question = Remove { $name }?
colleague-remove-consequence = They stop seeing { $business } at once. Their account stays, and you can invite them again.
colleague-removed = { $name } is not in the team any more.
colleague-saved = Saved: { $name }.
key = Key
key-name = Name of the key
key-name-hint = Which program it is for.
key-new = New key
key-make = Make the key
key-made = Copy it now
key-made-lead = Later we show its beginning only.
key-made-at = Made
key-kept = I kept it
key-kind = Kind
key-live = Live
key-live-hint = Does what you choose below.
key-test = Test
key-test-hint = Reaches the simulator only.
key-scopes = What it may
key-scopes-hint = As little as possible: you can make several.
key-revoke = Revoke
key-revoke-named = Revoke { $name }
key-revoke-question = Revoke { $name }?
key-revoke-consequence = The program that uses it is out at once. It begins with
key-revoked = { $name } revoked.
key-revoked-word = Revoked
keys-none = There are no keys
keys-none-hint = With a key another program works with this business through the API.
audit-when = When
audit-who = Who
audit-what = What they did
audit-to = To whom or what
audit-none = There is nothing in the log yet
audit-somebody = Somebody who is gone
audit-machine = A command on the server
audit-member-invited = Invited
audit-member-joined = Accepted the invitation
audit-member-changed = Changed role or reach
audit-member-removed = Removed from the team
audit-invitation-withdrawn = Withdrew an invitation
audit-api-key-made = Made an API key
audit-api-key-revoked = Revoked an API key
audit-password-link-made = Made a password link
audit-business-founded = Founded the business
audit-user-created = Made the account
welcome = Hello, { $name }
welcome-choose = Which business do you work in now?
welcome-none = Your account is not part of a business yet. Ask whoever manages yours for an invitation.
dashboard-nobody = Nobody waits.
dashboard-attend = Attend to { $name }
dashboard-attend-unnamed = Attend
dashboard-simulated = This is the demo: the simulator's conversations count too.
waiting = Waiting
waiting-longest = The oldest
today-hands = Bot / person today
share-waiting = { $bot } / { $person } · { $nobody } unattended
share = { $bot } / { $person }
nothing-today = no messages
last-message = Last message
points-none = There are no service points
points-none-hint = A service point has its number and its inbox.
to-mend = To see to
mend-whatsapp = { $point } is without WhatsApp
mend-second-factor = Your account has no second factor
mend-second-factor-why = Your password is enough to manage the business.
whatsapp-none = No number
whatsapp-active = Connected
whatsapp-paused = Paused
whatsapp-pending = Not confirmed
whatsapp-stopped = Stopped
whatsapp-paused-why = WhatsApp asked us to slow down. It goes on by itself.
whatsapp-pending-why = WhatsApp has yet to confirm the number.
whatsapp-stopped-why = The number needs a person: its permission ended or was taken away.
system-ok = All fine
system-what = What
system-how = How it is
system-hint = The same as the command relevo doctor says.
date-today = { $weekday } { $day } { $month }, { $time }
date-short = { $day } { $month }
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
ago-now = just now
ago-minutes = { $count } min ago
ago-hours = { $count } h ago
ago-days = { $count } days ago
in-minutes = in { $count } min
in-hours = in { $count } h
in-days = in { $count } days
length-moment = less than a minute
length-minutes = { $count } min
length-hours = { $count } h
length-days = { $count } days
problem-title = It was not done
problem-title-nothing = There is nothing here
problem-title-forbidden = You may not do this
problem-title-broken = Something broke
problem-not-found = The address leads to nothing, or to nothing that you may see.
problem-broken = Something failed on our side and is in the log. Try again.
problem-foreign = That came from another site. Open the page here and do it there.
problem-form = What was sent is incomplete. Reload the page and try again.
problem-too-large = It is too large to be sent so.
problem-permission = It needs the permission “{ $permission }”. Ask whoever manages the business.
problem-forbidden = Your role does not reach that far. Ask somebody who may more.
problem-no-business = You are in no business. Choose one first.
problem-anonymous = Log in first.
problem-gone = The link has ended or was used. Ask for another.
problem-other-person = The invitation is for somebody else. Log in with that email.
problem-last-owner = A business needs an owner. Name another first.
problem-busy = Too many are logging in. Try in some seconds.
problem-wrong-login = The email or the password is wrong.
problem-wrong-code = That code is wrong, or was used. Try the next one.
problem-current-password = It is not your current password.
problem-taken = That email has an account. Log in with it.
problem-member-already = They are in the team already.
problem-email = That is no email. It goes like ana@example.com
problem-name = Write a name, of up to 120 letters.
problem-password-short = It is too short: 8 letters or more.
problem-password-long = It is too long.
problem-password-email = It must not be your email.
problem-password-plain = It is one letter all over.
problem-language = Choose one of the list.
problem-role = Choose a role of the list.
problem-extent = Choose where.
problem-points = Choose a service point at least.
problem-owner-everywhere = An owner is one in all of the business.
problem-scopes = Choose a thing at least that it may do.
problem-key-kind = Choose whether it is live or for tests.
mail-invitation-subject = You are invited to { $business }
mail-reset-subject = Choose another password
reach-and-others =
    { $count ->
        [one] { $names } and another
       *[other] { $names } and { $count } others
    }
devices-revoked =
    { $count ->
        [one] One session ended.
       *[other] { $count } sessions ended.
    }
recovery-codes-left =
    { $count ->
        [0] None is left.
        [one] One is left.
       *[other] { $count } are left.
    }
dashboard-waiting =
    { $count ->
        [one] One person has waited for an answer for { $since }.
       *[other] { $count } people wait for an answer. The first, for { $since }.
    }
system-bad =
    { $count ->
        [one] One thing is wrong
       *[other] { $count } things are wrong
    }
system-warn =
    { $count ->
        [one] One thing to look at
       *[other] { $count } things to look at
    }
problem-too-many-seconds =
    { $count ->
        [one] Too many attempts. Wait { $count } second.
       *[other] Too many attempts. Wait { $count } seconds.
    }
problem-too-many-minutes = Too many attempts. Wait { $count } minutes.
mail-invitation-text =
    You are invited to work in { $business } with Relevo.

    Accept here, within 7 days:
    { $link }

    If you did not expect this, do nothing.
mail-reset-text =
    With this link you choose another password. It works once, for an hour:
    { $link }

    If you did not ask for it, do nothing: your password stays as it is.
