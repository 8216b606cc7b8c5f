"""One run of a case, with `ParallelNewton` or with the solver alone, at the same inner step."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from parasim import Method, ParallelNewton
from tests.diffrax_conformance.solvers import STEPS, T1, Case

WINDOWS = 2
ARGS = 1.5
STATE = diffrax.SaveAt(t1=True, solver_state=True)
END = diffrax.SaveAt(t1=True)


def ours(solver: Any, mode: str) -> ParallelNewton:
    """Return the solver of windows, two of which make a run; an interval does not divide them."""
    return ParallelNewton(solver, steps=STEPS // WINDOWS, mode=mode, method=Method(interval=3))


def run(
    case: Case, mode: str | None, y0: Any = None, args: Any = ARGS, **options: Any
) -> diffrax.Solution:
    """Solve a case, in windows, or without `ParallelNewton` if the mode is None."""
    steps = STEPS if mode is None else WINDOWS
    solver = case.solver if mode is None else ours(case.solver, mode)
    settings = {
        "dt0": T1 / steps,
        "saveat": END if mode is None else STATE,
        "max_steps": steps,
    } | options
    return diffrax.diffeqsolve(
        case.terms,
        solver,
        0.0,
        T1,
        y0=case.y0 if y0 is None else y0,
        args=args,
        **settings,
    )


def assert_close(actual: Any, desired: Any, rtol: float = 1e-9) -> None:
    """Compare two trees leaf by leaf, relative to the largest number of each leaf."""
    assert jax.tree.structure(actual) == jax.tree.structure(desired)
    for ours, stock in zip(jax.tree.leaves(actual), jax.tree.leaves(desired), strict=True):
        assert jnp.asarray(ours).dtype == jnp.asarray(stock).dtype
        scale = np.max(np.abs(stock), initial=0)
        np.testing.assert_allclose(ours, stock, rtol=0, atol=rtol * scale)


def four(solver: Any, mode: str = "parallel") -> ParallelNewton:
    """Return the solver of windows as short as they can be and still have something to solve."""
    return ParallelNewton(solver, steps=4, mode=mode, method=Method(interval=2))
