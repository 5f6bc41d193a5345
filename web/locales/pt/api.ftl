problem-unknown-field = Este campo não existe.
problem-missing-field = Falta este campo.
problem-value = Este valor não serve aqui.
