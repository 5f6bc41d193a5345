simulator = Simulator
skip-to-content = Skip to content
language = Language
language-es = Español
language-en = English
language-pt = Português
language-name = English

simulator-test-orders = Test orders: they move no stock
simulator-choose = Choose a service point
simulator-choose-hint = Each has its own test phones. What you write there comes in the same way as a WhatsApp message.
simulator-none = No businesses yet. Create one with: relevo tenant create
service-points = Service points
phones = Phones
offline = No connection to Relevo. The page reconnects by itself.

clock = The demo's clock
clock-5 = +5 min
clock-60 = +1 h
clock-1440 = +24 h
clock-advance-5 = Advance the clock 5 minutes
clock-advance-60 = Advance the clock 1 hour
clock-advance-1440 = Advance the clock 24 hours

customer-add = Another customer
customer-name = Customer { $number }
customer-unknown = No name
watched-only = It came through another channel: here it is only watched.

holder-bot = The bot answers
holder-person = A person answers
holder-nobody = Waits for a person
holder-off = Bot off: nobody answers
held-bot = The bot answers
held-person = A person answers
held-nobody = Nobody yet
held-off = Bot off
holder-of = Who answers { $name }
take = Take
give-back = Give back to the bot
reply-label = Answer { $name } as a person
reply-hint = Answer as a person
reply-send = Answer
reply-not-yet = Once they write, you can answer as a person.
reply-closed = More than 24 h since their last message: WhatsApp takes no free text for them any more.

window-open = 24 h window: { $hours } h { $minutes } min left
window-closed = 24 h window closed: it opens when the customer writes

thread-of = Conversation of { $name }
thread-empty = Nobody has written yet. Try “hola”.
typing = The bot is writing
sender-bot = Bot
sender-person = Person
sender-customer = Customer

baton-handed-over = The bot asked for a person
baton-taken-over = A person took it
baton-returned = Back to the bot

composer-label = Write as { $name }
composer-hint = Write as { $name }…
send = Send
more-to-send = Send something else
sample-image = Image
sample-location = Location
sample-sticker = Sticker
sample-unsupported = An unknown kind
sample-image-caption = Do you have this one?
deliver-twice = Deliver twice
deliver-twice-hint = Delivers the last message of { $name } again, with the same key
delivered-times = Came { $times } times: same key, one turn

react = React
react-with = React with { $emoji }
react-remove = Take the reaction back
reacted = Reacted with { $emoji }
quoted = In answer to
choose-row = Choose an option
close = Close

state-received = Received
state-queued = Queued
state-sending = Sending
state-sent = Sent
state-delivered = Delivered
state-read = Read
state-failed = Not delivered
state-failed-why = Not delivered: { $why }
state-uncertain = Nobody knows if it left
state-uncertain-why = Nobody knows if it left: the connection broke while it was sent
state-cancelled = Not sent
state-cancelled-why = Not sent: somebody else answers now

content-image = Image
content-audio = Audio
content-voice = Voice note
content-video = Video
content-document = Document
content-sticker = Sticker
content-location = Location
content-reaction = Reaction
content-reaction-removed = taken back
content-contacts = Contacts
content-order = Catalogue order
content-form = Form
content-edit = Edited message
content-revoke = Deleted message
content-system = WhatsApp says
content-template = Template
content-unsupported = A kind of message that Relevo does not know

problem = Not done
problem-back = Back
problem-not-found = There is nothing here. Go back to the simulator and choose a service point.
problem-broken = Something failed on our side and is in the log. Try again.
problem-foreign = That request came from another site. Open the simulator and do it there.
problem-form = The request came incomplete. Reload the page and try again.
problem-empty = Write something before you send.
problem-too-long = The text is longer than 4096 characters, WhatsApp's limit. Shorten it or send it in parts.
problem-choice = There is no such option. Choose one that the message offers.
problem-sample = That cannot be sent from here. Choose image, location, sticker or an unknown kind.
problem-reaction = That message is not here. React to one that the phone shows.
problem-nothing-said = This customer has not written yet. Send a message from their phone first.
problem-read-only = This conversation came through another channel: nobody can write as the customer from here.
problem-window-closed = More than 24 h since their last message: WhatsApp takes no free text. Wait until they write.
problem-clock-step = The clock advances 5 minutes, 1 hour or 24 hours. Choose one of these steps.
problem-too-many-phones = This service point takes no more test customers.
