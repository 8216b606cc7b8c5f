"""The product's own windows as programs that can be timed."""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from parasim.integrators.calibration._timing import Program
from parasim.integrators.decision._costs import DeviceCosts
from parasim.integrators.method._method import Method
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._guess import constant_guess
from parasim.integrators.newton._newton import NewtonOptions, Planned, newton
from parasim.integrators.newton._traced_step import is_number
from parasim.integrators.solver._parallel_newton import ParallelNewton
from parasim.integrators.steps._steps import window_recurrence
from parasim.integrators.window._recurrence import Recurrence, shooting_intervals

_ANY_COSTS = DeviceCosts(1.0, 1.0, 1.0, 1.0)  # given, so that those that were kept are not read


class DiffraxSteps(eqx.Module):
    """The steps of an inner solver.

    Attributes:
        solver: the inner one.
        terms, args: as diffrax hands them to a solver.
        y0, t0, dt0: the state and the time of the first step, and the size of all of them.
        interval: L.
    """

    solver: diffrax.AbstractSolver
    terms: PyTree
    args: PyTree
    y0: PyTree
    t0: Array
    dt0: Array
    interval: int

    def recurrence(self, steps: int) -> Recurrence:
        """Return a window of so many steps."""
        nodes = self.t0 + jnp.arange(steps + 1).astype(self.dt0.dtype) * self.dt0
        return window_recurrence(
            self.solver,
            self.terms,
            self.args,
            nodes,
            self.dt0,
            self.y0,
            Method(interval=self.interval),
        )[0]


class ScanSteps(eqx.Module):
    """The steps of a scan, with its inputs over and over again.

    Attributes:
        f: `(carry, x) -> (carry, y)`.
        y0: what are numbers in the carry.
        others: what are not; they stay as they are.
        xs: inputs, along the leading axis of every leaf.
        interval: L.
    """

    f: Callable[[PyTree, PyTree], tuple[PyTree, PyTree]]
    y0: PyTree
    others: PyTree
    xs: PyTree
    interval: int

    def recurrence(self, steps: int) -> Recurrence:
        """Return a window of so many steps."""

        def step(numbers: PyTree, inputs: tuple[PyTree, Array]) -> PyTree:
            carry, _ = self.f(eqx.combine(numbers, self.others), inputs[0])
            return eqx.filter(carry, is_number)

        numbers = jnp.arange(steps)
        xs = jax.tree.map(lambda leaf: leaf[numbers % leaf.shape[0]], self.xs)
        return Recurrence(step, (xs, numbers), jnp.asarray(steps, Flattening(self.y0).dtype))


Steps = DiffraxSteps | ScanSteps


def stepped(system: Steps, steps: int, turns: Int[Array, ""]) -> PyTree:
    """Step through a window so many times; return its states."""
    newton_solver = ParallelNewton(
        mode="sequential", method=Method(interval=system.interval), costs=_ANY_COSTS
    )
    solver = newton_solver.window_solver(system.y0)

    def turn(_: Array, states: PyTree) -> PyTree:
        # All turns are the same, and the compiler must not see it.
        y0 = jax.tree.map(
            lambda leaf, later: jnp.where(turns < 0, later[-1], leaf), system.y0, states
        )
        return solver.solve(system.recurrence(steps), y0, solver.start(y0, steps))[1]

    states = jax.tree.map(lambda leaf: jnp.zeros((steps, *leaf.shape), leaf.dtype), system.y0)
    return jax.lax.fori_loop(0, turns, turn, states)


class Iterated(NamedTuple):
    """What came of some iterations, and how many were made."""

    ends: Float[Array, "M d"]
    iterations: Int[Array, ""]


def iterated(system: Steps, steps: int, turns: Int[Array, ""]) -> Iterated:
    """Make so many Newton iterations on a window: the tolerance is one that nothing meets."""
    flattening, recurrence = Flattening(system.y0), system.recurrence(steps)
    vector = flattening.flatten(system.y0)
    intervals = shooting_intervals(recurrence, flattening, vector, Method(interval=system.interval))
    options = NewtonOptions(Method(interval=system.interval), math.nan, math.nan)
    none = jnp.zeros((), jnp.int32)

    def turn(_: Array, so_far: Iterated) -> Iterated:
        found = newton(intervals, vector, so_far.ends, options, Planned.exactly(1), 1)
        return Iterated(found.ends, so_far.iterations + found.iterations)

    start = Iterated(constant_guess(vector, intervals.count), none)
    return jax.lax.fori_loop(0, turns, turn, start)


def compiled(
    function: Callable[[Steps, int, Array], PyTree], system: Steps, lengths: Sequence[int]
) -> dict[int, Callable[[int], PyTree]]:
    """Compile `stepped` or `iterated` for windows of several lengths, side by side.

    Returns:
        By the number of steps, what is to be called with a number of turns.
    """

    def lowered(steps: int) -> Any:
        of_turns = eqx.filter_jit(lambda system, turns: function(system, steps, turns))
        return of_turns.lower(system, jnp.zeros((), jnp.int32))  # type: ignore[attr-defined]

    def run(program: Any) -> Callable[[int], PyTree]:
        return lambda turns: program(system, jnp.asarray(turns, jnp.int32))

    programs = [lowered(steps) for steps in lengths]  # threads have settings of jax of their own
    with ThreadPoolExecutor() as pool:
        programs = pool.map(lambda program: run(program.compile()), programs)
        return dict(zip(lengths, programs, strict=True))


def timed(run: Callable[[int], PyTree]) -> Program:
    """Return the program that says how long a function of a number of turns took."""

    def program(turns: int) -> float:
        start = time.perf_counter()
        jax.block_until_ready(run(turns))
        return time.perf_counter() - start

    return program
