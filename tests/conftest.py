"""What all tests share: float64, and shapes and dtypes checked at every call of the numerics."""

from pathlib import Path

import jax
from jaxtyping import install_import_hook

import parasim

jax.config.update("jax_enable_x64", True)

# All but the public face, whose own checks of what users pass are under test.
_CORE = sorted(Path(parasim.__path__[0], "integrators").glob("_[a-z]*.py"))
install_import_hook(
    [f"parasim.integrators.{path.stem}" for path in _CORE if path.stem != "_parallel_newton"],
    "beartype.beartype",
)
