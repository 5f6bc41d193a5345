hand-over-notice = Em instantes uma pessoa responde.
