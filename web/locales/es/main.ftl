hand-over-notice = En un momento te responde una persona.
