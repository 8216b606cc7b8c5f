"""Windows one after the other from a host loop, on one grid from beginning to end."""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

from parasim._errors import ConfigError
from parasim.integrators.decision._history import History
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.solver._parallel_newton import ParallelNewton
from parasim.integrators.steps._steps import window_recurrence
from parasim.integrators.window._record import WindowRecord
from parasim.integrators.window._recurrence import Recurrence
from parasim.integrators.window._window import WindowSolver


class WindowIntegrator(eqx.Module):
    """Integrates `dy/dt = f(t, y, args)` window by window on the grid `t0 + n dt`.

    Unlike `diffeqsolve` it returns the states after every step, has no end, and windows may differ
    in length.

    Attributes:
        solver: how; its `steps` are not used.
        vector_field: f.
        t0: the time of step 0.
        dt: the step, positive.
        host: whether windows that are stepped through are on the host's CPU: their cost is reckoned
            so. Whoever calls sees to it.
    """

    solver: ParallelNewton
    vector_field: Callable[[Any, PyTree, PyTree], PyTree]
    t0: float
    dt: float
    host: bool = eqx.field(default=False, static=True)

    def __check_init__(self):
        if self.solver.tolerance is not None:
            raise ConfigError(
                "equal steps dt are asked for here, and rtol and atol of a ParallelNewton choose "
                "others: leave them out, or use parasim.diffeqsolve"
            )

    def init(self, y0: PyTree, steps: int) -> History:
        """Return the history of a run that starts at y0, in windows of so many steps."""
        return self.window_solver(y0).start(y0, steps)

    def __call__(
        self, history: History, y: PyTree, args: PyTree, start: Int[Array, ""] | int, steps: int
    ) -> tuple[PyTree, History, WindowRecord]:
        """Integrate from step `start` over `steps` steps.

        Times have the precision of the state: in float32 a vector field that depends on time sees
        `t0 + n dt` rounded to about 1e-7 of it; the step itself does not suffer.

        Returns:
            The states after each step, along a leading axis; the history; what was done.
        """
        recurrence = self.recurrence(y, args, start, steps)
        _, states, record, history = self.window_solver(y).solve(recurrence, y, history)
        return states, history, record

    def window_solver(self, y: PyTree) -> WindowSolver:
        """Return the solver of windows for states like y."""
        return self.solver.window_solver(y, host=self.host)

    def may_go_parallel(self, y: PyTree, args: PyTree, steps: int) -> bool:
        """Whether any window may; nothing is computed."""
        recurrence = self.recurrence(y, args, 0, steps)
        return self.window_solver(y).why_stepped(recurrence, y) is None

    def recurrence(
        self, y: PyTree, args: PyTree, start: Int[Array, ""] | int, steps: int
    ) -> Recurrence:
        """Return the window from step `start` over `steps` steps, for states like y."""
        dtype = Flattening(y).dtype
        dt = jnp.asarray(self.dt, dtype)
        nodes = self.t0 + (start + jnp.arange(steps + 1)).astype(dtype) * dt
        term = diffrax.ODETerm(self.vector_field)
        return window_recurrence(self.solver.solver, term, args, nodes, dt, y, self.solver.method)[
            0
        ]
