"""What every integrator must fulfil: on the logistic equation, whose solution is known."""

from typing import Any, ClassVar

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators import ParallelNewton
from parasim.plugins._registry import make
from parasim.simulation.planning._solvers import with_tolerances

_END = 2.0
_START = 0.1
_STEPS = 16  # of a coarse run


class IntegratorTests:
    """Tests of an integrator: its order, and that windows of its steps are its steps.

    Attributes:
        name: of the integrator, as it is installed.
        order: of its convergence at a fixed step.
    """

    name: ClassVar[str]
    order: ClassVar[int]

    @pytest.fixture
    def solver(self) -> Any:
        """Return the solver under test, for float64."""
        return with_tolerances(make("integrators", self.name), np.dtype("float64"))

    @pytest.fixture(autouse=True)
    def _float64(self):
        with jax.enable_x64(True):
            yield

    def test_it_converges_with_its_order(self, solver):
        # Of a high order steps must be coarse, or all errors are round-off, and the order is not
        # quite reached with them.
        coarsest, short = (_STEPS, 0.3) if self.order < 6 else (_STEPS // 8, 0.6)
        steps = coarsest * 2 ** np.arange(3)
        exact = _exact(_END)
        errors = np.array([abs(float(_solve(solver, int(n))) - exact) for n in steps])
        measured = np.log2(errors[:-1] / errors[1:])
        settled = errors[1:] > 1e2 * np.finfo(np.float64).eps
        assert settled[0], errors
        assert measured[settled][-1] > self.order - short, (measured, errors)

    def test_it_knows_the_time(self, solver):
        """dy/dt = cos t has the solution sin t, whatever is done with y."""
        end = _solve(solver, 8 * _STEPS, _cosine, jnp.zeros(()))
        assert float(end) == pytest.approx(np.sin(_END), abs=3 / (8 * _STEPS) ** self.order + 1e-13)

    def test_a_run_in_two_parts_is_the_run(self, solver):
        whole = _solve(solver, _STEPS)
        half = _solve(solver, _STEPS // 2, t1=_END / 2)
        rest = _solve(solver, _STEPS // 2, y0=half, t0=_END / 2)
        np.testing.assert_allclose(rest, whole, rtol=1e-14)

    def test_members_side_by_side_are_the_members(self, solver):
        y0 = jnp.linspace(0.05, 0.5, 3)
        together = jax.jit(jax.vmap(lambda y: _solve(solver, _STEPS, y0=y)))(y0)
        alone = [_solve(solver, _STEPS, y0=y) for y in y0]
        np.testing.assert_allclose(together, jnp.stack(alone), rtol=1e-13)

    @pytest.mark.parametrize("mode", ["sequential", "parallel"])
    def test_windows_of_its_steps_are_its_steps(self, solver, mode):
        windows = ParallelNewton(solver, steps=8 * _STEPS, mode=mode)
        steps = _solve(solver, 8 * _STEPS)
        found: Any = diffrax.diffeqsolve(
            diffrax.ODETerm(_logistic), windows, 0.0, _END, _END, jnp.asarray(_START)
        )
        np.testing.assert_allclose(found.ys, jnp.stack([steps]), rtol=1e-9)

    def test_float32_stays_float32(self):
        solver = with_tolerances(make("integrators", self.name), np.dtype("float32"))
        end = _solve(solver, _STEPS, y0=jnp.asarray(_START, jnp.float32))
        assert end.dtype == jnp.float32
        assert bool(jnp.isfinite(end))


def _logistic(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return y * (1 - y)


def _cosine(t: Any, y: Any, args: Any) -> Any:
    del args
    return jnp.cos(t) + 0 * y


def _exact(t: float) -> float:
    return 1 / (1 + (1 / _START - 1) * float(np.exp(-t)))


def _solve(
    solver: Any,
    steps: int,
    vector_field: Any = _logistic,
    y0: Any = None,
    *,
    t0: float = 0.0,
    t1: float = _END,
) -> Any:
    """Return the last state of a run of so many steps."""
    y0 = jnp.asarray(_START) if y0 is None else y0
    begin, end, step = (jnp.asarray(t, y0.dtype) for t in (t0, t1, (t1 - t0) / steps))
    found: Any = diffrax.diffeqsolve(
        diffrax.ODETerm(vector_field),
        solver,
        begin,
        end,
        step,
        y0,
        stepsize_controller=diffrax.ConstantStepSize(),
        max_steps=2 * steps,
    )
    return found.ys[-1]
