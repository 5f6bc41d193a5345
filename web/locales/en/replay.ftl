turns = Turns
turns-of = Turns of { $name }
turns-lead = Each time a plugin answered: what it was given, what it asked, what it did and what it keeps.
turns-none = No plugin has answered yet
turn = Turn
turn-open = Open the turn
turn-event = What came
turn-when = When
turn-plugin = Plugin
turn-not-kept = not recorded: it cannot be run again
turn-previous = Previous
turn-next = Next
turn-steps = Step by step
turn-attempts = { $count ->
    [one] { $count } try
   *[other] { $count } tries
}
turn-around = Around it
turn-around-hint = as it was when it began
turn-time = time
turn-locale = language
turn-config-version = settings no.
turn-config-of = settings no. { $version }
turn-config = settings
turn-customer = about the customer
turn-labels = labels
action-pass = Passes it on
action-failed = Fails
test-save = Save as a test
test-save-lead = The conversation becomes a script that can be read, downloaded and run on each version.
test-name = Name of the test
test-saved = The test “{ $name }” was saved.
test-removed = The test was removed.
test-own = the plugin's own
test-kept = from a conversation
test-download = Download
test-remove-named = Remove the test { $name }
test-passed = Passed
test-failed = Failed
test-line = Line { $line } of the script
test-expected = Expected
test-script = Script
test-who-customer = Customer
test-who-bot = Bot
test-who-deed = Did
test-who-clock = Clock
tests-lead = Test conversations, with a clock and data of their own: they write to nobody and call nothing outside.
tests-run = Run the tests
tests-none = No tests. Save a conversation as a test from its turns.
tests-passed = Passed: { $passed }.
tests-failed = Failed: { $failed }. Passed: { $passed }.
replay-start = Compare a version
replay-lead = Runs recorded conversations on another version, writing to nobody and calling nothing, and shows what it would have said or done otherwise.
replay-candidate = Version
replay-last = Conversations
replay-last-hint = The last ones that it answered, 200 at most.
replay-choose = Or choose which
replay-choose-hint = If you tick any, only those are tried.
replay-run = Compare
replay-started = The comparison has begun.
replay-required = A version is activated only once its comparison was approved.
replay-nothing = There is no version to compare.
replay-earlier = Earlier comparisons
replay-none = None yet.
replay-found = Result
replay-running = Comparing { $version }
replay-progress = { $done } of { $turns } turns
replay-ended = Interrupted
replay-ended-why = It was interrupted after { $done } of { $turns } turns. Start it again.
replay-pending = { $count } to decide
replay-rejected = { $count } rejected
replay-approved = { $count ->
    [0] No difference
   *[other] Approved
}
replay-of = What changes with { $version }
replay-sum = { $conversations ->
    [one] { $conversations } conversation
   *[other] { $conversations } conversations
}, { $turns ->
    [one] { $turns } turn
   *[other] { $turns } turns
}.
replay-skipped = { $count } cannot be compared: they were not recorded, or another one answered.
replay-same = It would have said and done the same in all of them.
replay-approve-all = { $count ->
    [one] Approve the remaining one
   *[other] Approve the remaining { $count }
}
replay-verdict-pending = It is to be decided again.
replay-verdict-approved = Approved.
replay-verdict-rejected = Rejected.
difference-said = What it says
difference-done = What it does
difference-state = What it keeps
difference-failed = One of the two fails
difference-unrecorded = Asks for what was not recorded
difference-turn = Open the turn
difference-before = As it was
difference-after = As it would be
difference-nothing = nothing
verdict-approved = Approved
verdict-rejected = Rejected
verdict-approve = Approve
verdict-reject = Reject
field-replay-running = A comparison is under way. Wait until it is over.
field-replay-count = Choose 1 to 200 conversations.
field-tests-enough = There are 100 saved tests already. Remove one.
audit-replay-started = Compared a version of a plugin
audit-replay-approved = Approved differences of a comparison
audit-replay-rejected = Rejected differences of a comparison
audit-replay-pending = Left a difference to be decided again
audit-test-saved = Saved a conversation as a test
audit-test-removed = Removed a test
