problem-unknown-field = There is no such field.
problem-missing-field = This field is missing.
problem-value = This value cannot be used here.
