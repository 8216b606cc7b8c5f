"""The windows of a scan: stepped through by `jax.lax.scan`, or solved by the window solver."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from parasim.integrators.decision._history import History
from parasim.integrators.newton._finite import all_finite
from parasim.integrators.newton._traced_step import TracedStep, is_number
from parasim.integrators.window._record import WindowRecord
from parasim.integrators.window._recurrence import Recurrence
from parasim.integrators.window._window import WindowSolver


class ScanArguments(NamedTuple):
    """What `jax.lax.scan` is called with."""

    f: Callable[[Any, Any], Any]
    init: Any
    xs: Any
    length: Any
    reverse: Any
    unroll: Any

    def scanned(self) -> tuple[PyTree, PyTree]:
        """Return what `jax.lax.scan` returns."""
        return jax.lax.scan(*self)

    def checked_carry(self) -> PyTree:
        """Return the shapes and dtypes of the carry; whatever jax objects to, it raises."""
        return jax.eval_shape(self.scanned)[0]

    @property
    def steps(self) -> int:
        """The number of steps, of arguments that have been checked."""
        leaves = jax.tree.leaves(self.xs)
        return jnp.shape(leaves[0])[0] if leaves else int(self.length)

    @property
    def x(self) -> PyTree:
        """The shapes and dtypes of one step's input."""
        return jax.eval_shape(lambda xs: jax.tree.map(lambda leaf: leaf[0], xs), self.xs)


def stepped_windows(
    scan: ScanArguments, window: int, reason: int
) -> tuple[tuple[PyTree, PyTree], WindowRecord]:
    """Step through with `jax.lax.scan`, and say of every window that this was done.

    Arguments:
        scan: arguments that have been checked.
        window: the steps of a window; the last one may be shorter.
        reason: why; a number of `REASONS`.
    """

    def flagged(carry: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        carry, y = scan.f(carry, x)
        return carry, (y, all_finite(eqx.filter(carry, is_number)))

    carry, (ys, finite) = scan._replace(f=flagged).scanned()
    starts = jnp.arange(0, scan.steps, max(window, 1))
    ends = jnp.minimum(starts + window, scan.steps) - 1
    flags, numbers = jnp.zeros(ends.shape, bool), jnp.zeros(ends.shape, jnp.int32)
    zeros = jnp.zeros(ends.shape)
    unknown = zeros + jnp.nan
    record = WindowRecord(
        parallel=flags,
        reason=numbers + reason,
        fell_back=flags,
        parallel_steps=numbers,
        iterations=numbers,
        gain=unknown,
        predicted_iterations=unknown,
        cost=(ends + 1 - starts).astype(zeros.dtype),
        wasted=zeros,
        update=zeros,
        growth_rate=unknown,
        exponent=unknown,
        exponent_error=zeros + jnp.inf,
        finite=(finite[::-1] if scan.reverse else finite)[ends],
    )
    return (carry, ys), record


def solved_windows(
    solver: WindowSolver, scan: ScanArguments, step: TracedStep, window: int
) -> tuple[tuple[PyTree, PyTree], WindowRecord]:
    """Solve for the carries with a window solver, then compute the outputs side by side.

    Arguments:
        solver: which chooses, window by window.
        scan: arguments that have been checked.
        step: its function, traced.
        window: the steps of a window; the last one may be shorter.
    """
    xs = jax.tree.map(lambda leaf: leaf[::-1], scan.xs) if scan.reverse else scan.xs
    init = jax.tree.map(lambda leaf, like: jnp.asarray(leaf, like.dtype), scan.init, step.carry)
    numbers, others = eqx.partition(init, is_number)
    last_others, others = step_others(step, numbers, others, xs, scan.steps)

    def step_numbers(numbers: PyTree, inputs: PyTree) -> PyTree:
        others, x, _ = inputs
        return eqx.filter(step(eqx.combine(numbers, others), x)[0], is_number)

    inputs = (others, xs, jnp.arange(scan.steps))  # there need not be others or xs
    guessed = solver.newton.method.guessed(jnp.arange(1, scan.steps + 1), numbers)
    states, record = _solve(solver, step_numbers, numbers, (inputs, guessed), window)
    last = jax.tree.map(lambda leaf: leaf[-1], states)
    before = jax.tree.map(
        lambda first, later: jnp.concatenate([first[None], later[:-1]]), numbers, states
    )
    ys = jax.vmap(lambda carry, x: step(carry, x)[1])(eqx.combine(before, others), xs)
    ys = jax.tree.map(lambda leaf: leaf[::-1], ys) if scan.reverse else ys
    return (eqx.combine(last, last_others), ys), record


def step_others(
    step: TracedStep, numbers: PyTree, others: PyTree, xs: PyTree, count: int
) -> tuple[PyTree, PyTree]:
    """Step through what is not a number in the carry: what it is at last, and before each step."""
    if not jax.tree.leaves(others):
        return others, others
    numbers = jax.lax.stop_gradient(numbers)  # any will do: nothing here depends on them

    def body(others: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        carry, _ = step(eqx.combine(numbers, others), x)
        return eqx.filter(carry, is_number, inverse=True), others

    return jax.lax.scan(body, others, xs, count)


def _solve(
    solver: WindowSolver,
    step: Callable[[PyTree, PyTree], PyTree],
    y0: PyTree,
    inputs: PyTree,
    window: int,
) -> tuple[PyTree, WindowRecord]:
    """Solve window after window; return the states after each step, and a record per window."""

    def solve(carry: tuple[PyTree, History], inputs: PyTree) -> tuple[Any, Any]:
        y, history = carry
        inputs, guess = inputs
        duration = jnp.asarray(_steps(inputs), history.tangent.dtype)  # the unit is a step
        recurrence = Recurrence(step, inputs, duration, guess=guess)
        y, states, record, history = solver.solve(recurrence, y, history)
        return (y, history), (states, record)

    whole = _steps(inputs) // window

    def cut(leaf: Array) -> Array:
        return leaf[: whole * window].reshape(whole, window, *leaf.shape[1:])

    carry, (states, records) = jax.lax.scan(
        solve, (y0, solver.start(y0, window)), jax.tree.map(cut, inputs)
    )
    states = jax.tree.map(lambda leaf: jax.lax.collapse(leaf, 0, 2), states)
    rest = jax.tree.map(lambda leaf: leaf[whole * window :], inputs)
    if _steps(rest):
        _, (later, record) = solve(carry, rest)
        states = jax.tree.map(lambda *parts: jnp.concatenate(parts), states, later)
        records = jax.tree.map(lambda ks, k: jnp.append(ks, k), records, record)
    return states, records


def _steps(inputs: PyTree) -> int:
    return jax.tree.leaves(inputs)[0].shape[0]
