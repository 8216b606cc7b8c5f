"""diffrax's own tests allow no implicit promotion; nor do these."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _no_implicit_promotion():
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield
