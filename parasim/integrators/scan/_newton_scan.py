"""`newton_scan`: `jax.lax.scan` by Newton's method, where that pays."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from parasim.integrators.decision import _decision as decision
from parasim.integrators.decision._costs import DeviceCosts
from parasim.integrators.method._checks import check_positive_int, plain
from parasim.integrators.method._method import Method
from parasim.integrators.newton._traced_step import TracedStep, is_number
from parasim.integrators.scan._scan_windows import ScanArguments, solved_windows, stepped_windows
from parasim.integrators.window._options import (
    check_costs,
    check_method,
    check_mode,
    check_tolerance,
    window_solver,
)
from parasim.integrators.window._window import WindowSolver

_NEWTON = Method()


def newton_scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    *,
    mode: "str | decision.AbstractDecision" = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    method: Method = _NEWTON,
    max_iterations: int = 32,
    restart_every: int = 5,
    costs: DeviceCosts | None = None,
    window: int | None = None,
    return_record: bool = False,
) -> Any:
    """Scan a function over inputs as `jax.lax.scan` does, all steps at once where that pays.

    The carries `c_1 ... c_N` of the recurrence `c_{n+1} = f(c_n, x_n)[0]` are found together by
    Newton's method with a parallel scan; the outputs `f(c_n, x_n)[1]` are then computed side by
    side. A window in which Newton's method does not converge is stepped through instead, so the
    result always is that of `jax.lax.scan`, within the tolerance. Recurrences that forget where
    they began gain most; chaotic ones are stepped through. The Jacobians take
    `N / 8 * d**2` numbers for a carry of d real numbers; other methods keep less of them.

    Where it is known while tracing that nothing will be computed in parallel, this is
    `jax.lax.scan` itself: with `mode="sequential"`, with `mode="auto"` on a CPU, and where the
    carry has no floating-point numbers. Structures, shapes and dtypes are checked by
    `jax.lax.scan` and follow its rules, but no result of a parallel window is weakly typed.

    Derivatives, also with respect to what `f` refers to, are those of the solution: one parallel
    scan per window, forward or backward, whatever found the carries.

    The carry may hold integers, flags and random keys that do not depend on its floating-point
    numbers, such as a counter or a key that is split at every step. These are stepped through
    first, one after the other: keys made beforehand and passed in `xs` are faster.

    Call it inside `jax.jit`: outside, a parallel scan is compiled at every call.

    Arguments:
        f: `(carry, x) -> (carry, y)`; forward-mode differentiable with respect to the carry.
        init: the first carry; a pytree.
        xs: the inputs, N of them along the leading axis of every leaf.
        length: N, needed where `xs` has no leaves.
        reverse: whether to go from the last input to the first.
        unroll: handed on to `jax.lax.scan` where that is what is done; without effect otherwise.
        mode: `"parallel"`, `"sequential"`, or `"auto"`: whichever is expected to be faster on this
            device; or a decision, such as `parasim.GrowthThreshold()`.
        rtol, atol: Newton's method has converged where the update of every number of the carry is
            below `atol + rtol * |number|`; by default 1e-9, or 1e-4 if the carry has anything less
            precise than float64.
        method: how a window is solved in parallel, such as `Method(interval=1)` or
            `parasim.methods.quasi_deer()`; see `parasim.Method`.
        max_iterations, restart_every: see `ParallelNewton`.
        costs: of the device; by default what `parasim.calibrate_scan` has measured on jax's default
            one, else what is expected of its kind.
        window: the steps of a window, which are solved one after the other: less memory, and a
            choice for each of them. The last one may be shorter. By default all steps are one
            window.
        return_record: whether to return what was done as well.

    Returns:
        The last carry, and the outputs stacked along a leading axis. With `return_record`,
        `((carry, ys), record)`: a `parasim.integrators.WindowRecord` with one entry per window
        along the leading axis of every field, and growth rates in nats per step. Entry k of
        `record.reason` is a number of `parasim.integrators.REASONS`. With `reverse` the first
        window is the one that is computed first.

    Raises:
        ConfigError: an argument is of no use, or an integer in the carry depends on its
            floating-point numbers; the message names the leaf and the remedy. It is a `ValueError`.

    Source: Lim et al., Parallelizing non-linear sequential models over the sequence length (DEER),
    ICLR 2024, arXiv 2309.12252.
    """
    check_mode(mode)
    check_costs(costs)
    check_method(method)
    window, max_iterations, restart_every = map(plain, (window, max_iterations, restart_every))
    check_tolerance("rtol", rtol)
    check_tolerance("atol", atol)
    for name, value in (
        ("max_iterations", max_iterations),
        ("restart_every", restart_every),
        ("window", 1 if window is None else window),
    ):
        check_positive_int(name, value)
    scan = ScanArguments(f, init, xs, length, reverse, unroll)
    if mode == "sequential" and not return_record:
        return scan.scanned()
    carry = scan.checked_carry()
    leaves = jax.tree.leaves(carry)
    numbers = [leaf for leaf in leaves if is_number(leaf)]
    size = sum(leaf.size * (1 + jnp.iscomplexobj(leaf)) for leaf in numbers)
    solver = window_solver(
        mode,
        min((leaf.dtype for leaf in numbers), key=_bits, default=jnp.result_type(float)),
        size,
        rtol=rtol,
        atol=atol,
        method=method,
        max_iterations=max_iterations,
        restart_every=restart_every,
        costs=costs,
        steps="scan",
    )
    window = scan.steps if window is None else min(window, scan.steps)
    reason = _reason_to_step(solver, window, size)
    if mode != "sequential" and 0 < len(numbers) < len(leaves):
        TracedStep(f, carry, scan.x).check_split()  # also where this device steps anyway
    if reason is None:
        result, record = solved_windows(solver, scan, TracedStep(f, carry, scan.x), window)
    elif return_record:
        result, record = stepped_windows(scan, window, reason)
    else:
        return scan.scanned()
    return (result, record) if return_record else result


def _bits(dtype: Any) -> int:
    return jnp.finfo(dtype).bits


def _reason_to_step(solver: WindowSolver, window: int, size: int) -> int | None:
    """Return why no window can be solved in parallel, or None if one may be."""
    if not (window and size):
        return decision.DEVICE
    return solver.why_never(solver.menu(window, jnp.asarray(window, float)))
