"""`ParallelNewton`: the diffrax solver whose step is a whole window of inner steps."""

# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

import dataclasses
from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from parasim._errors import ConfigError
from parasim.integrators.decision._costs import DeviceCosts
from parasim.integrators.decision._decision import AbstractDecision
from parasim.integrators.method._checks import check_positive_int, check_step_size, plain
from parasim.integrators.method._method import Method
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.solver._controlled_window import ControlledWindow
from parasim.integrators.solver._stand_in import AbstractStandIn
from parasim.integrators.steps._implicit_stages import completed_details, stage_counts
from parasim.integrators.steps._inner_step import check_one_step
from parasim.integrators.steps._interpolation import WindowInterpolations
from parasim.integrators.steps._mesh_steps import MeshSteps
from parasim.integrators.steps._nodes import step_count, window_nodes
from parasim.integrators.steps._root_tolerances import with_root_tolerances
from parasim.integrators.steps._steps import window_recurrence
from parasim.integrators.steps._tolerance import Tolerance, check_error_control, error_order
from parasim.integrators.window._log import SolverState, WindowLog
from parasim.integrators.window._mesh_record import MeshRecord
from parasim.integrators.window._options import (
    check_costs,
    check_method,
    check_mode,
    check_tolerance,
    window_solver,
)
from parasim.integrators.window._window import WindowSolver


class ParallelNewton(AbstractStandIn):
    """Integrates whole windows of time steps at once, where that pays.

    One diffrax step is a *window*, divided into `steps` equal steps of the inner solver, so `dt0`
    is the length of a window. In parallel Newton's method finds the states of a window, or of a
    piece of it, together: a pass of the inner solver with eight times larger steps is the
    first guess; each iteration maps all shooting intervals of eight steps in parallel, with exact
    tangents, and solves for the update by a parallel scan. States are kept whose update, and
    rounding errors, are below `newton_atol + newton_rtol * |y|`; the next piece begins after them.
    Where parallel does not pay the rest of a window is stepped through. So the states are those of
    the inner solver at the inner step, within that tolerance of every piece, whatever the mode.

    Explicit Runge-Kutta methods on an `ODETerm` are stepped with their stages written out, which
    makes `mode="sequential"` several times faster than the inner solver alone.

    With `rtol` and `atol` the inner steps are of different sizes, such that every one of them has
    `rms(error / (atol + rtol * max(|y0|, |y1|))) < 1`, as `diffrax.PIDController(rtol, atol)` has
    it, with the inner solver's own error estimate. In parallel an adaptive integration at a looser
    tolerance says how long steps may be; its steps are divided as their errors ask for, Newton's
    method starts from its interpolation, and steps that are not good enough are divided again. What
    is not found so, and everything where stepping is faster, is integrated adaptively by diffrax.
    `ConstantStepSize`, `StepTo` and `parasim.Windows` say how long windows are. A window that needs
    more than `steps` inner steps ends the integration with `diffrax.RESULTS.max_steps_reached`;
    a `PIDController(rtol, atol)` makes it again, shorter, and windows as long as `steps` suffices.
    For derivatives the inner steps are fixed parts of their window.

    A window whose last state is not finite ends the integration with
    `diffrax.RESULTS.nonfinite`.

    `parasim.diffeqsolve` takes `dt0` as the inner step, with `parasim.Windows`, and finds events at
    the inner steps. Plain `diffrax.diffeqsolve` compares an `Event`'s conditions at the ends of
    windows, which no solver can change: there windows must be shorter than the shortest time
    between two changes of a condition, and `optimistix.Bisection` is safer than `Newton`.

    What was decided in each window, and why, is in `parasim.windows(solution)`, if the solution was
    made with `SaveAt(..., solver_state=True)`.

    Arguments:
        solver: any one-step diffrax solver. The root finder of an implicit one must have tolerances
            where its steps are of one size, such as `Kvaerno5(root_finder=VeryChord(rtol=1e-9,
            atol=1e-9))`, as in diffrax; else `rtol` and `atol` are taken.
        steps: the inner steps of a window; with `rtol` and `atol` the most that it may have.
        mode: `"parallel"`, `"sequential"`, or `"auto"`: whichever is expected to be faster on this
            device, from the growth of tangents and how the last pieces converged. On a CPU that is
            nearly always sequential. Or a decision, such as `parasim.GrowthThreshold()`.
        newton_rtol, newton_atol: the tolerance of Newton's method; by default 1e-9 in float64 and
            1e-4 in float32. These are not the tolerances of the solution, which its inner step
            sets, or `rtol` and `atol`; with those they are the roots of them by default, as what is
            left of a step's equation must be below a tenth of its tolerance too.
        method: how a window is solved in parallel, such as `Method(interval=4)` or
            `parasim.methods.elk()`; by default Newton's method on shooting intervals of 8 steps,
            from a first guess of coarse steps of that size.
        max_iterations: more Newton iterations are never made on a piece; with `mode="parallel"` a
            window that would need more at its pace is given up.
        restart_every: with `mode="parallel"`, after so many iterations the states that have not
            converged are guessed anew from where the converged ones end.
        step_size: the size of inner steps, or None. If it is given, a window may have fewer of them
            than `steps`: as many as divide it into steps of this size, or a little less. Windows
            should not be longer than `steps * step_size`; they have larger steps then.
        costs: of the device; by default what `parasim.calibrate` has measured on jax's default one,
            else what is expected of its kind.
        log_length: how many windows `parasim.windows` can look back.
        rtol, atol: the tolerance of the inner steps, for ordinary differential equations and inner
            solvers that estimate errors; arrays, as against numbers, can change without another
            compilation. `atol` may be 0 where no component is. None: all steps of a window have the
            same size.
        coarseness: how many times as loose the tolerance of the coarse steps is; by default
            `1e-2 / rtol`, between 30 and 1e6.

    Raises:
        ConfigError: an argument is of no use; the message names what would be. It is a
            `ValueError`.

    Sources: Lim et al., arXiv 2309.12252 (Newton over time steps by a parallel scan); Gander &
    Vandewalle, SIAM J. Sci. Comput. 29 (2007) (the coarse guess and multiple shooting); Gonzalez et
    al., arXiv 2508.16817 (growth of tangents decides what parallel can gain).
    """

    solver: diffrax.AbstractSolver = eqx.field(default_factory=diffrax.Tsit5)
    steps: int = eqx.field(default=1024, converter=plain)
    mode: str | AbstractDecision = "auto"
    newton_rtol: Any = eqx.field(default=None, converter=plain)
    newton_atol: Any = eqx.field(default=None, converter=plain)
    method: Method = Method()
    max_iterations: int = eqx.field(default=32, converter=plain)
    restart_every: int = eqx.field(default=5, converter=plain)
    step_size: Any = eqx.field(default=None, converter=plain)
    costs: DeviceCosts | None = None
    log_length: int = eqx.field(default=128, converter=plain)
    rtol: Any = eqx.field(default=None, converter=plain)
    atol: Any = eqx.field(default=None, converter=plain)
    coarseness: float | None = None

    def __check_init__(self):
        check_one_step(self.solver)
        check_mode(self.mode)
        check_costs(self.costs)
        check_method(self.method)
        for name in ("steps", "max_iterations", "restart_every", "log_length"):
            check_positive_int(name, getattr(self, name))
        if type(self.solver) is ParallelNewton:
            raise ConfigError("a ParallelNewton cannot be the inner solver of another")
        check_step_size(self.step_size)
        for name in ("newton_rtol", "newton_atol"):
            check_tolerance(name, getattr(self, name))
        check_error_control(self.solver, self.rtol, self.atol, self.coarseness, self.step_size)

    @property
    def interpolation_cls(self) -> Callable[..., diffrax.AbstractLocalInterpolation]:
        """The inner solver's interpolation, inner step by inner step."""
        return WindowInterpolations(self.solver.interpolation_cls)

    @property
    def root_finder(self) -> Any:
        """Of implicit stages, if the inner solver has them; it may have these tolerances."""
        # `eqx.tree_at`, by which diffrax gives tolerances, looks at solvers whose numbers are none.
        known = self.tolerance if eqx.is_array_like(self.rtol) else None
        return with_root_tolerances(self.solver, known).root_finder

    def init(self, terms: PyTree, t0: Any, t1: Any, y0: PyTree, args: PyTree) -> SolverState:
        """Return the history and the log of a run that has not begun."""
        del terms, t0, args
        history = self.window_solver(y0).start(y0, self.steps)
        dtype = history.tangent.dtype
        more = None if self.rtol is None else MeshRecord.none(dtype)
        log = WindowLog.empty(self.log_length, jnp.result_type(t1), dtype, more)
        return SolverState(history, log)

    def step(
        self,
        terms: PyTree,
        t0: Any,
        t1: Any,
        y0: PyTree,
        args: PyTree,
        solver_state: SolverState,
        made_jump: Any,
    ) -> tuple[PyTree, PyTree | None, dict[str, PyTree], SolverState, diffrax.RESULTS]:
        """Integrate one window, from t0 to t1.

        Returns:
            The state at t1; the elementwise largest error estimate of the inner solver over the
            inner steps, infinite if the window failed, or None if the inner solver has none; what
            `interpolation_cls` needs; the solver's state; and diffrax's result code.
        """
        del made_jump  # every inner step evaluates its first stage itself
        return _one_window(self, terms, t0, t1, y0, args, solver_state)

    def _step(
        self, terms: PyTree, t0: Any, t1: Any, y0: PyTree, args: PyTree, solver_state: SolverState
    ) -> tuple[PyTree, PyTree | None, dict[str, PyTree], SolverState, diffrax.RESULTS]:
        """Integrate one window, in steps of one size or within the tolerance."""
        if self.tolerance is not None:
            return self._controlled_step(terms, t0, t1, y0, args, solver_state)
        partial = self.step_size is not None
        count = jnp.asarray(self.steps, jnp.int32)
        if partial:
            count = step_count(t0, t1, self.step_size, self.steps)
        number = count.astype(jnp.result_type(t1))
        recurrence, inner = window_recurrence(
            self.solver,
            terms,
            args,
            nodes=window_nodes(t0, t1, count, self.steps),
            dt=(t1 - t0) / number,
            y=y0,
            method=self.method,
            count=count if partial else None,
        )
        y1, states, record, history = self.window_solver(y0).solve(
            recurrence, y0, solver_state.history
        )
        before = jax.tree.map(
            lambda first, later: jnp.concatenate([jnp.asarray(first)[None], later[:-1]]), y0, states
        )
        errors, details = jax.vmap(inner.details)(before, recurrence.inputs)
        if recurrence.equations is not None:
            details = completed_details(details, before, states)
        error = jax.tree.map(
            lambda leaf: jnp.where(record.finite, jnp.max(jnp.abs(leaf), axis=0), jnp.inf), errors
        )
        result = diffrax.RESULTS.where(
            record.finite,
            diffrax.RESULTS.successful,
            diffrax.RESULTS.nonfinite,  # pyright: ignore[reportArgumentType]
        )
        log = solver_state.log.written(t1, record)
        dense_info = {"details": details, "count": number, "nodes": None}
        return y1, error, dense_info, SolverState(history, log), result

    def _controlled_step(
        self, terms: PyTree, t0: Any, t1: Any, y0: PyTree, args: PyTree, state: SolverState
    ) -> tuple[PyTree, PyTree, dict[str, PyTree], SolverState, diffrax.RESULTS]:
        """Integrate one window, in steps that are within the tolerance."""
        tolerance = self.tolerance
        assert tolerance is not None
        window = ControlledWindow(
            self.window_solver(y0),
            MeshSteps(with_root_tolerances(self.solver, tolerance), terms, args, y0),
            tolerance,
            tolerance.coarseness if self.coarseness is None else self.coarseness,
            error_order(self.solver, terms),
            self.steps,
        )
        solved = window.solve(t0, t1, state.history)
        full = ~(solved.mesh.end >= t1)
        okay = solved.record.finite & ~full
        result = diffrax.RESULTS.where(
            full,
            diffrax.RESULTS.max_steps_reached,
            diffrax.RESULTS.where(
                solved.record.finite,
                diffrax.RESULTS.successful,
                diffrax.RESULTS.nonfinite,  # pyright: ignore[reportArgumentType]
            ),
        )
        # A controller of windows with the same tolerance makes them as long as there are slots for.
        number = solved.mesh.steps.astype(solved.mesh.nodes.dtype)
        filled = (number / self.steps) ** window.order
        error = jax.tree.map(
            lambda scale: jnp.where(okay, scale * filled.astype(scale.dtype), jnp.inf),
            tolerance.scale(y0, solved.y1),
        )
        y1 = jax.tree.map(lambda leaf: jnp.where(okay, leaf, jnp.nan), solved.y1)
        log = state.log.written(t1, solved.record, solved.mesh_record)
        dense_info = {"details": solved.details, "count": number, "nodes": solved.mesh.nodes}
        return y1, error, dense_info, SolverState(solved.history, log), result

    @property
    def tolerance(self) -> Tolerance | None:
        """Of the inner steps; None if their size is fixed."""
        if self.rtol is None or self.atol is None:
            return None
        return Tolerance(self.rtol, self.atol)

    def window_solver(self, y0: PyTree, *, host: bool = False) -> WindowSolver:
        """Return the solver of windows for states like y0; the host may make its steps, or not."""
        flattening = Flattening(y0)
        method, tolerance = self.method, self.tolerance
        rtol, atol = self.newton_rtol, self.newton_atol
        if tolerance is not None:
            # States remembered at equal steps would be no guess on a mesh.
            if method.guess == "history":
                method = dataclasses.replace(method, guess="coarse")
            loose = tolerance.of_updates(method.structure.exact)
            rtol, atol = (
                own if given is None else given
                for own, given in zip(loose, (rtol, atol), strict=True)
            )
        return window_solver(
            self.mode,
            flattening.dtype,
            flattening.size,
            rtol=rtol,
            atol=atol,
            method=method,
            max_iterations=self.max_iterations,
            restart_every=self.restart_every,
            costs=self.costs,
            steps="diffrax",
            stages=stage_counts(self.solver),
            host=host,
        )


# diffrax traces a step three times or more in one integration. With `jit` jax remembers the first;
# inlined, nothing is left of that in the program.
@eqx.filter_jit(inline=True)  # pyright: ignore[reportCallIssue]
def _one_window(solver: ParallelNewton, *arguments: Any) -> Any:
    return solver._step(*arguments)  # pyright: ignore[reportPrivateUsage]
