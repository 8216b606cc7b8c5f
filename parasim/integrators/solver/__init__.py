"""Windows as a diffrax solver, and as an integrator for `simulate`."""
