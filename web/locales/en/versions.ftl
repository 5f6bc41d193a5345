plugin-refused = This file cannot be used: { $detail }
plugin-asks-more = This version asks for more than you accepted.
field-share = Choose 5, 25 or 50 %.
field-canary-version = There must be an active version, and the one that is tried must be another.
plugin-built-in = This plugin comes with the program: it has no other versions.
problem-consent = This version asks for more permissions. Look at them and accept them before you activate it.
problem-not-ready = The version is still being prepared.
problem-replay-needed = Before activating it, compare what it would have answered differently and approve the differences.
problem-config-misfit = The configuration does not fit that version: set it up for it first.
problem-no-version = There is no other version to go back to.
schema-required = This is missing.
schema-type = It must be of another type: { $detail }.
schema-unknown = The plugin does not know this.
schema-choice = Choose one of the options.
schema-min-length = Too short: { $detail } characters at least.
schema-max-length = Too long: { $detail } characters at most.
schema-pattern = It does not look as the plugin expects.
schema-minimum = It must be { $detail } or more.
schema-maximum = It must be { $detail } or less.
schema-min-items = Too few: { $detail } at least.
schema-max-items = Too many: { $detail } at most.
schema-format = It has not the right format ({ $detail }).
schema-other = This value cannot be used.
schema-says = { $text }
schema-unchecked = The plugin failed while it checked the configuration.
mend-plugin-set-aside = { $plugin } does not answer any more
mend-plugin-set-aside-why = It failed again and again. Its conversations go on with another plugin or with a person.
mend-plugin-taken-back = The version of { $plugin } that was tried was taken back
mend-plugin-taken-back-why = It failed more than the active version, which answers everything now.
mend-plugin-see = See the plugin
mail-plugin-set-aside-subject = { $plugin } does not answer any more in { $business }
mail-plugin-set-aside-text =
    The plugin { $plugin } failed again and again and does not answer any more.
    Its conversations go on with another plugin or with a person.

    Look at it and try again:
    { $link }
mail-plugin-taken-back-subject = A version of { $plugin } that was tried was taken back in { $business }
mail-plugin-taken-back-text =
    The version of { $plugin } that was tried failed more than the active version, which answers everything now.

    Look at it:
    { $link }
audit-plugin-uploaded = Uploaded a version
audit-plugin-granted = Accepted permissions
audit-plugin-activated = Activated a version
audit-plugin-rolled-back = Went back to the version before
audit-plugin-canary-started = Tried a version with some of the conversations
audit-plugin-canary-kept = Kept the version that was tried
audit-plugin-canary-ended = Ended the trial of a version
audit-plugin-canary-taken-back = Took the tried version back, which failed more
audit-plugin-set-aside = Set a failing plugin aside
audit-plugin-tried-again = Tried a plugin again that was set aside
audit-plugin-on = Switched a plugin on
audit-plugin-off = Switched a plugin off
audit-plugin-configured = Changed the configuration of a plugin
audit-plugin-version-removed = Removed a version
audit-plugin-replay-required = Wants a replay approved before activation
audit-plugin-replay-not-required = Wants no replay before activation any more
