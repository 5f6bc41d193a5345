problem-unknown-field = Este campo no existe.
problem-missing-field = Falta este campo.
problem-value = Este valor no sirve acá.
