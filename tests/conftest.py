"""What all tests share: float64, shapes and dtypes checked at every call of the numerics, no cache.

What was calibrated on this machine must not decide what tests see.
"""

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

import equinox as eqx
import jax
import pytest
from jaxtyping import install_import_hook

import parasim

os.environ["PARASIM_CACHE_DIR"] = tempfile.mkdtemp(prefix="parasim-tests-")
atexit.register(shutil.rmtree, os.environ["PARASIM_CACHE_DIR"], ignore_errors=True)

jax.config.update("jax_enable_x64", True)

# All but the public faces, whose own checks of what users pass are under test.
_PUBLIC = {
    "_damping",
    "_lyapunov",
    "_lyapunov_scan",
    "_method",
    "_newton_scan",
    "_options",
    "_parallel_newton",
}
_CORE = sorted(Path(parasim.__path__[0], "integrators").glob("*/_[a-z]*.py"))
install_import_hook(
    [
        f"parasim.integrators.{path.parent.name}.{path.stem}"
        for path in _CORE
        if path.stem not in _PUBLIC
    ],
    "beartype.beartype",
)


# Tracing makes millions of small objects, nearly all of which are needed as long as their module.
gc.set_threshold(200_000, 50, 1000)


@pytest.fixture(autouse=True, scope="module")
def _programs_of_a_module_go_with_it():
    """Linux gives a process 65,530 memory maps, and a module's programs take up to 10,000."""
    yield
    eqx.clear_caches()
    jax.clear_caches()
    gc.collect()
