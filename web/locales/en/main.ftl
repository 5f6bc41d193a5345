hand-over-notice = A person will answer you in a moment.
