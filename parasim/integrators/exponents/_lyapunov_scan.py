"""`lyapunov_scan`: exponents of maps and other recurrences."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from parasim._errors import ConfigError
from parasim.integrators.decision._costs import DeviceCosts
from parasim.integrators.exponents._exponent_checks import (
    check_derivative,
    check_findings,
    check_transient,
    exponent_count,
)
from parasim.integrators.exponents._exponent_layout import ExponentLayout, exponent_layout
from parasim.integrators.exponents._exponents import Exponents, Findings, measure
from parasim.integrators.method._checks import check_positive_int
from parasim.integrators.method._method import Method
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._traced_step import TracedStep, is_number
from parasim.integrators.scan._scan_windows import ScanArguments, step_others
from parasim.integrators.window._options import (
    check_costs,
    check_mode,
    check_tolerance,
    window_solver,
)
from parasim.integrators.window._recurrence import Recurrence


def lyapunov_scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    *,
    exponents: int | None = 1,
    transient: int | None = None,
    blocks: int = 32,
    key: Any = None,
    mode: str = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    interval: int = 8,
    max_iterations: int = 32,
    restart_every: int = 5,
    costs: DeviceCosts | None = None,
    window: int = 1024,
) -> Exponents:
    """Measure the Lyapunov exponents of a recurrence `c_{n+1} = f(c_n, x_n)[0]`, such as a map.

    As `lyapunov`, of what `jax.lax.scan` and `newton_scan` take. The unit of time is a step.

    Arguments:
        f: `(carry, x) -> (carry, y)`; y is not used. Forward-mode differentiable with respect to
            the carry, and one object for all calls, as it is compiled anew for every other.
        init: the first carry. It may hold integers, flags and random keys that do not depend on its
            floating-point numbers: see `newton_scan`.
        xs: the inputs, N of them along the leading axis of every leaf; the tangents see the same.
        length: N, needed where `xs` has no leaves.
        exponents, blocks, key: as of `lyapunov`.
        transient: the steps at the beginning that are not counted; by default a tenth of them.
        mode, rtol, atol, max_iterations, restart_every, costs: as of `newton_scan`.
        interval: the steps after which tangents are made orthonormal, and of a shooting interval.
        window: the steps of a window, at the most.

    Returns:
        The `Exponents`, in nats per step.

    Raises:
        ConfigError, SolverError: as `lyapunov` and `newton_scan`.
    """
    check_mode(mode)
    check_costs(costs)
    check_tolerance("rtol", rtol)
    check_tolerance("atol", atol)
    for name, value in (
        ("interval", interval),
        ("max_iterations", max_iterations),
        ("restart_every", restart_every),
        ("window", window),
    ):
        check_positive_int(name, value)
    scan = ScanArguments(f, init, xs, length, False, 1)
    carry = scan.checked_carry()
    numbers = eqx.filter(carry, is_number)
    leaves = jax.tree.leaves(numbers)
    if not sum(leaf.size for leaf in leaves):
        raise ConfigError(
            "the carry has no floating-point numbers, and only those have exponents: convert it, "
            "if it may vary smoothly"
        )
    check_transient(transient, scan.steps, "number of steps")
    layout = exponent_layout(
        scan.steps,
        None if transient is None else math.ceil(transient),
        interval=interval,
        window=window,
        blocks=blocks,
    )
    size = Flattening(numbers).size
    solver = window_solver(
        mode,
        min((leaf.dtype for leaf in leaves), key=lambda dtype: jnp.finfo(dtype).bits),
        size,
        rtol=rtol,
        atol=atol,
        method=Method(interval=layout.interval),
        max_iterations=max_iterations,
        restart_every=restart_every,
        steps="scan",
        costs=costs,
    )
    count = exponent_count(exponents, size)
    key = jax.random.key(20) if key is None else key
    result, findings = _scan(f, init, xs, scan.steps, solver, layout, count, key)
    check_findings(findings, layout, lambda window: f"step {window * layout.window}")
    return result


@eqx.filter_jit
def _scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any,
    steps: int,
    solver: Any,
    layout: ExponentLayout,
    count: int,
    key: Any,
) -> tuple[Exponents, Findings]:
    scan = ScanArguments(f, init, xs, steps, False, 1)
    traced = TracedStep(f, scan.checked_carry(), scan.x)
    traced.check_split()
    start = jax.tree.map(lambda leaf, like: jnp.asarray(leaf, like.dtype), init, traced.carry)
    numbers, others = eqx.partition(start, is_number)
    _, others = step_others(traced, numbers, others, xs, steps)
    inputs = (others, xs, jnp.arange(steps))  # there need not be others or xs

    def step(numbers: Any, inputs: Any) -> Any:
        others, x, _ = inputs
        return eqx.filter(traced(eqx.combine(numbers, others), x)[0], is_number)

    def window_at(first: Any, y: Any) -> Recurrence:
        part = jax.tree.map(
            lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, first, layout.window), inputs
        )
        return Recurrence(step, part, jnp.asarray(layout.window, Flattening(y).dtype))

    check_derivative(window_at, numbers)
    return measure(solver, window_at, numbers, layout, count=count, key=key, start=0, step_size=1)
