"""The steps of diffrax's solvers as recurrences."""
