"""`lyapunov` and `lyapunov_scan`: exponents of flows, and of maps and other recurrences."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp

from parasim._errors import ConfigError, SolverError, first_line
from parasim.integrators._compiler import FEW_VARIABLES
from parasim.integrators._decision import DeviceCosts
from parasim.integrators._explicit import ExplicitStep
from parasim.integrators._exponent_layout import (
    ExponentLayout,
    check_transient,
    exponent_layout,
)
from parasim.integrators._exponents import Exponents, Findings, measure
from parasim.integrators._flatten import Flattening
from parasim.integrators._nodes import STEP_SLACK
from parasim.integrators._options import (
    check_costs,
    check_mode,
    check_positive_int,
    check_tolerance,
    window_solver,
)
from parasim.integrators._parallel_newton import ParallelNewton
from parasim.integrators._recurrence import Recurrence
from parasim.integrators._scan_windows import ScanArguments, step_others
from parasim.integrators._steps import window_recurrence
from parasim.integrators._traced_step import TracedStep, is_number

# What jax and equinox raise where something has no forward-mode derivative.
_NO_DERIVATIVE = (ValueError, TypeError, NotImplementedError, RuntimeError)


def lyapunov(
    terms: Any,
    solver: diffrax.AbstractSolver,
    t0: Any,
    t1: Any,
    dt0: Any,
    y0: Any,
    args: Any = None,
    *,
    exponents: int | None = 1,
    transient: float | None = None,
    blocks: int = 32,
    key: Any = None,
) -> Exponents:
    """Measure the Lyapunov exponents of a differential equation, with their standard errors.

    Tangents are carried along the trajectory by the derivative of every step, and are made
    orthonormal after every `solver.interval` steps, with factors `r_jj`. The exponents are

        lambda_j = (1 / T) sum log |r_jj|

    over the time T after the transient; the standard errors are from the means over blocks of
    equal length. They belong to the steps that are made, of the fixed size `dt0`, as do those of
    any program: halve `dt0` to see what it does.

    Windows are solved as by `ParallelNewton`, whose `mode` applies. Where they may be solved in
    parallel, tangents go through the Jacobians of all intervals, which are computed side by side;
    elsewhere, as on a CPU, they are stepped along with the state.

    It works under `jit` and `vmap`, where a failure gives NaN instead of an error.

    Arguments:
        terms: a diffrax term, or terms, as the solver takes them; or a vector field `f(t, y,
            args)`. A path of noise is the same for all tangents.
        solver: a `ParallelNewton`, or any one-step diffrax solver to put into one.
        t0, t1: the first and the last time, numbers known while tracing; less than a window, of
            `solver.steps` steps at the most, may be left out before `t1`.
        dt0: the step, likewise.
        y0: the first state, a pytree of floating-point numbers.
        args: of the vector field.
        exponents: how many, the largest first; None: all.
        transient: the time at the beginning that is not counted, in which the state goes to the
            attractor and the tangents turn to where they grow; by default a tenth of the run.
        blocks: B, for the standard error, 8 or more. They should be much longer than what the
            system remembers: prefer a longer run to more blocks.
        key: for the tangents at the start, which are random; by default always the same.

    Returns:
        The `Exponents`.

    Raises:
        ConfigError: an argument is of no use, a step has no derivative, or the exponents cannot be
            had in this precision. Refused are exponents whose tangents are lost in rounding, within
            an interval, beside those that grow faster; and in less than float64 those whose
            `rounding_error`, the dtype's epsilon over `dt0` or more, exceeds the statistical error
            and a thousandth of the exponent, such as an exponent of zero measured for long.
        SolverError: the state, or the derivative of a step, stopped being finite.

    Sources: Benettin et al., Meccanica 15 (1980), 9-30; Shimada & Nagashima, Prog. Theor. Phys. 61
    (1979), 1605-1616; Gonzalez et al., arXiv 2508.16817 (what exponents mean for parallel time).
    """
    if not isinstance(solver, ParallelNewton):
        solver = ParallelNewton(solver)
    start, end, step_size = (_known(*pair) for pair in (("t0", t0), ("t1", t1), ("dt0", dt0)))
    if not (step_size > 0 and end > start and math.isfinite((end - start) / step_size)):
        raise ConfigError(
            f"dt0 = {step_size:g} must be positive and t1 = {end:g} later than t0 = {start:g}"
        )
    check_transient(transient, end - start, "run")
    _check_root_finder(solver.solver)
    y0 = _checked_state(y0)
    layout = exponent_layout(
        math.floor((end - start) / step_size + STEP_SLACK),
        None if transient is None else math.ceil(transient / step_size - STEP_SLACK),
        interval=solver.interval,
        window=solver.steps,
        blocks=blocks,
    )
    solver = dataclasses.replace(solver, interval=layout.interval, step_size=None)
    size = Flattening(y0).size
    terms = diffrax.ODETerm(terms) if _is_field(terms) else terms
    key = jax.random.key(20) if key is None else key
    result, findings = _flow(
        terms, solver, start, step_size, y0, args, layout, _count(exponents, size), key
    )
    _check(findings, layout, lambda window: f"t = {start + window * layout.window * step_size:.6g}")
    return result


@eqx.filter_jit
def _flow(
    terms: Any,
    solver: ParallelNewton,
    start: float,
    step_size: float,
    y0: Any,
    args: Any,
    layout: ExponentLayout,
    count: int,
    key: Any,
) -> tuple[Exponents, Findings]:
    dtype = Flattening(y0).dtype
    dt = jnp.asarray(step_size, dtype)

    def window_at(first: Any, y: Any) -> Recurrence:
        nodes = start + (first + jnp.arange(layout.window + 1)).astype(dtype) * dt
        recurrence, step = window_recurrence(
            solver.solver, terms, args, nodes, dt, y, layout.interval
        )
        if isinstance(step, ExplicitStep) and Flattening(y).size <= FEW_VARIABLES:
            step = ExplicitStep(step.solver, step.vector_field, dt, dt, y, store=False)
        return recurrence._replace(step=step)

    _check_derivative(window_at, y0)
    return measure(
        solver.window_solver(y0),
        window_at,
        y0,
        layout,
        count=count,
        key=key,
        start=start,
        step_size=step_size,
    )


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
    solver = window_solver(
        mode,
        min((leaf.dtype for leaf in leaves), key=lambda dtype: jnp.finfo(dtype).bits),
        rtol=rtol,
        atol=atol,
        interval=layout.interval,
        max_iterations=max_iterations,
        restart_every=restart_every,
        costs=costs,
    )
    count = _count(exponents, Flattening(numbers).size)
    key = jax.random.key(20) if key is None else key
    result, findings = _scan(f, init, xs, scan.steps, solver, layout, count, key)
    _check(findings, layout, lambda window: f"step {window * layout.window}")
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

    _check_derivative(window_at, numbers)
    return measure(solver, window_at, numbers, layout, count=count, key=key, start=0, step_size=1)


def _is_field(terms: Any) -> bool:
    return callable(terms) and not isinstance(terms, diffrax.AbstractTerm)


def _known(name: str, value: Any) -> float:
    """Return a number that is known while tracing."""
    try:
        return float(value)
    except jax.errors.ConcretizationTypeError as error:
        raise ConfigError(
            f"{name} is traced, and the number of steps must be known: give it as a Python number, "
            "from outside jit and vmap"
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name} must be a number, not {value!r}") from error


def _check_root_finder(solver: Any) -> None:
    """Raise ConfigError if an implicit solver waits for the tolerance of an adaptive controller."""
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        _check_root_finder(solver.solver)
    elif isinstance(solver, diffrax.AbstractImplicitSolver):
        try:
            float(getattr(solver.root_finder, "rtol", 0.0))
        except jax.errors.ConcretizationTypeError:
            return
        except TypeError as error:
            name = type(solver).__name__
            raise ConfigError(
                f"{name} takes the tolerance of its root finder from an adaptive controller, and "
                f"there is none here: {name}(root_finder=optimistix.Newton(rtol=1e-10, atol=1e-10))"
            ) from error


def _checked_state(y0: Any) -> Any:
    """Return the state as arrays.

    Raises:
        ConfigError: there is none, or it is not of floating-point numbers.
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(y0):
        if not is_number(leaf):
            raise ConfigError(
                f"y0{jax.tree_util.keystr(path)} is {jnp.result_type(leaf)}, and only "
                "floating-point numbers have exponents: convert it with .astype(float)"
            )
    y0 = jax.tree.map(jnp.asarray, y0)
    if not sum(leaf.size for leaf in jax.tree.leaves(y0)):
        raise ConfigError("y0 has no numbers, and so there are no exponents")
    return y0


def _count(exponents: Any, size: int) -> int:
    if exponents is None:
        return size
    check_positive_int("exponents", exponents)
    if exponents > size:
        raise ConfigError(
            f"there are {size} exponents, as many as variables, not {exponents}: choose "
            f"exponents={size} or less, or all of them (None)"
        )
    return exponents


def _check_derivative(window_at: Callable[[Any, Any], Recurrence], y0: Any) -> None:
    """Raise ConfigError if a step can be made, but has no forward-mode derivative."""

    def first(y: Any) -> Any:
        recurrence = window_at(jnp.asarray(0), y)
        return recurrence.step(y, jax.tree.map(lambda leaf: leaf[0], recurrence.inputs))

    jax.eval_shape(first, y0)  # whatever else is wrong with it is said in its own words
    try:
        jax.eval_shape(lambda y: jax.jvp(first, (y,), (y,)), y0)
    except _NO_DERIVATIVE as error:
        raise ConfigError(
            f"exponents need the derivative of a step, and there is none ({first_line(error)}): "
            "write the step in jax, or give the part that is not a rule with jax.custom_jvp"
        ) from error


def _check(findings: Findings, layout: ExponentLayout, when: Callable[[int], str]) -> None:
    """Raise what went wrong, unless it is not known yet, inside jit."""
    try:
        states, tangents = int(findings.state_windows), int(findings.tangent_windows)
    except jax.errors.ConcretizationTypeError:
        return
    if states < layout.all_windows:
        raise SolverError(
            f"the state stopped being finite after {when(states)}: try a smaller step, or other "
            "parameters or another initial state"
        )
    if tangents < layout.all_windows:
        raise SolverError(
            f"tangents stopped being finite, or vanished, after {when(tangents)}: the derivative "
            "of a step is not finite there, or it is zero and an exponent minus infinity; ask for "
            "fewer exponents, or try a smaller step"
        )
    for number, lost in enumerate(findings.unresolved.tolist(), 1):
        if lost:
            steps, fewer = layout.interval, max(number - 1, 1)
            remedy = "choose interval=1 (of ParallelNewton, or lyapunov_scan), a smaller step, or"
            if steps == 1:
                remedy = "it is minus infinity where steps are not invertible; choose"
            raise ConfigError(
                f"exponent {number} is lost in rounding: within {steps} step{'s'[: steps > 1]} its "
                f"tangent shrinks by too much beside the others; {remedy} exponents={fewer}"
            )
    for number, limited in enumerate(findings.rounded.tolist(), 1):
        if limited:
            raise ConfigError(
                f"exponent {number} cannot be had in this precision: the steps' rounding errors "
                "exceed the statistical error, and a thousandth of the exponent; use float64"
            )
