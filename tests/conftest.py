"""What all tests share: float64, and shapes and dtypes checked at every call of the numerics."""

import jax
from jaxtyping import install_import_hook

jax.config.update("jax_enable_x64", True)
install_import_hook("parasim.integrators", "beartype.beartype")
