"""`lyapunov`: the exponents of differential equations."""

import dataclasses
import math
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp

from parasim._errors import ConfigError
from parasim.integrators.exponents._exponent_checks import (
    check_derivative,
    check_findings,
    check_transient,
    exponent_count,
)
from parasim.integrators.exponents._exponent_layout import ExponentLayout, exponent_layout
from parasim.integrators.exponents._exponents import Exponents, Findings, measure
from parasim.integrators.newton._compiler import FEW_VARIABLES
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._traced_step import is_number
from parasim.integrators.solver._parallel_newton import ParallelNewton
from parasim.integrators.steps._explicit import ExplicitStep
from parasim.integrators.steps._nodes import STEP_SLACK
from parasim.integrators.steps._steps import window_recurrence
from parasim.integrators.window._recurrence import Recurrence


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
    orthonormal after every `solver.method.interval` steps, with factors `r_jj`. The exponents are

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
        interval=solver.method.interval,
        window=solver.steps,
        blocks=blocks,
    )
    method = dataclasses.replace(solver.method, interval=layout.interval)
    solver = dataclasses.replace(solver, method=method, step_size=None)
    size = Flattening(y0).size
    terms = diffrax.ODETerm(terms) if _is_field(terms) else terms
    key = jax.random.key(20) if key is None else key
    result, findings = _flow(
        terms, solver, start, step_size, y0, args, layout, exponent_count(exponents, size), key
    )
    check_findings(
        findings, layout, lambda window: f"t = {start + window * layout.window * step_size:.6g}"
    )
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
            solver.solver, terms, args, nodes, dt, y, solver.method
        )
        if isinstance(step, ExplicitStep) and Flattening(y).size <= FEW_VARIABLES:
            step = dataclasses.replace(step, store=False)
        return recurrence._replace(step=step)

    check_derivative(window_at, y0)
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
