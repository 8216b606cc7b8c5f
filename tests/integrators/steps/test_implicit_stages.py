# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np
import optimistix
import pytest

from parasim import ParallelNewton, Trapezoidal
from parasim.integrators.steps._implicit_stages import coefficients, stage_equations
from parasim.integrators.steps._inner_step import inner_step
from parasim.integrators.steps._nodes import Slot

FINDER = optimistix.Newton(1e-8, 1e-8, norm=optimistix.max_norm)
GAMMA = (3 + 3**0.5) / 6
DT = jnp.array(0.3)


class TwoStages(diffrax.AbstractSDIRK):
    """Nørsett's method of order 3, whose last stage is not the end of the step."""

    tableau = diffrax.ButcherTableau(
        a_lower=(np.array([1 - 2 * GAMMA]),),
        a_predictor=(np.array([1.0]),),
        a_diagonal=np.array([GAMMA, GAMMA]),
        b_sol=np.array([0.5, 0.5]),
        b_error=np.array([0.5, -0.5]),
        c=np.array([1 - GAMMA]),
        c1=GAMMA,
    )
    interpolation_cls = diffrax.LocalLinearInterpolation
    root_finder: optimistix.AbstractRootFinder = FINDER
    root_find_max_steps: int = 10

    def order(self, terms):
        return 3


SOLVERS = [
    diffrax.Kvaerno3(root_finder=FINDER),
    TwoStages(),
    *(
        pytest.param(kind(root_finder=FINDER), marks=pytest.mark.slow)
        for kind in (diffrax.ImplicitEuler, Trapezoidal, diffrax.Kvaerno4, diffrax.Kvaerno5)
    ),
]


def _field(t, y, args):
    """Stiff, nonlinear, and with time in it."""
    a, z = y["a"], y["z"]
    return {"a": args * jnp.sin(a - t) - 100 * a, "z": jnp.flip(z) * z[0] - a}


Y0 = {"a": jnp.array(1.0), "z": jnp.array([0.5, 0.2])}
VECTOR = jnp.array([1.0, 0.5, 0.2])


def _equations(solver, y=Y0, field=_field):
    equations = _equations_or_none(solver, y, field)
    assert equations is not None
    return equations


def _equations_or_none(solver, y, field, steps=1):
    return stage_equations(solver, diffrax.ODETerm(field), 3.0, DT, y, steps)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: type(solver).__name__)
def test_newton_on_the_stages_of_a_step_is_the_solvers_step_and_its_derivative(solver):
    equations, slot = _equations(solver), Slot(jnp.array(0.2), 0.2 + DT)
    step = inner_step(solver, diffrax.ODETerm(_field), 3.0, DT, Y0)

    @jax.jit
    def both(y):
        stages = jnp.broadcast_to(y, (len(equations.places), y.size))
        for _ in range(7):
            made = equations.linearised(y, stages, slot)
            stages = stages + made.offsets
        made = equations.linearised(y, stages, slot)

        def stepped(y):
            y1 = step({"a": y[0], "z": y[1:]}, slot)
            return jnp.append(y1["a"], y1["z"])

        return stages[-1], made.matrices[-1], stepped(y), jax.jacfwd(stepped)(y)

    state, matrix, stepped, jacobian = both(VECTOR)
    np.testing.assert_allclose(state, stepped, rtol=0, atol=1e-12)
    np.testing.assert_allclose(matrix, jacobian, rtol=0, atol=1e-10)


def test_a_slot_that_does_not_move_keeps_the_state_and_evaluates_nothing_there():
    y, slot = jnp.array([jnp.nan]), Slot(jnp.array(0.0), DT, None, jnp.array(False))
    solver = diffrax.ImplicitEuler(root_finder=FINDER)
    equations = _equations(solver, jnp.ones(1), lambda t, y, args: -y)
    made = equations.linearised(jnp.array([2.0]), jnp.array([[5.0]]), slot)
    np.testing.assert_array_equal(made.matrices, np.eye(1)[None])
    np.testing.assert_array_equal(made.offsets, [[-3.0]])
    assert np.isnan(equations.linearised(y, y[None], slot._replace(moving=jnp.array(True)))[1])


@pytest.mark.parametrize("rate", [1 / 0.3, jnp.nan, jnp.inf])
def test_equations_without_a_solution_are_not_finite_and_end_no_program(rate):
    """Of backward Euler for y' = y / dt there is none; lineax would end the program at NaN."""
    solver = diffrax.ImplicitEuler(root_finder=FINDER)
    equations = _equations(solver, jnp.ones(2), lambda t, y, args: rate * y)
    made = equations.linearised(jnp.ones(2), jnp.ones((1, 2)), Slot(jnp.array(0.0), DT))
    assert not np.isfinite(made.matrices).all()


def test_float32_states_stay_float32_with_float64_times():
    solver = diffrax.Kvaerno3(root_finder=FINDER)
    with jax.numpy_dtype_promotion("strict"):
        equations = _equations(solver, jnp.ones(2, jnp.float32), lambda t, y, args: -y)
        stages = jnp.ones((3, 2), jnp.float32)
        made = equations.linearised(stages[0], stages, Slot(jnp.array(0.0), DT))
    assert made.matrices.dtype == made.offsets.dtype == jnp.float32


class _Own(diffrax.Kvaerno3):
    def step(self, *args, **kwargs):
        return super().step(*args, **kwargs)


MATRIX_FREE = optimistix.Newton(1e-9, 1e-9, linear_solver=lineax.GMRES(1e-9, 1e-9))


@pytest.mark.parametrize(
    "solver",
    [
        diffrax.Tsit5(),
        _Own(root_finder=FINDER),
        diffrax.HalfSolver(diffrax.Kvaerno3(root_finder=FINDER)),
        diffrax.Kvaerno3(root_finder=MATRIX_FREE),
        diffrax.KenCarp3(root_finder=FINDER),
    ],
    ids=["explicit", "own step", "wrapper", "matrix-free", "several terms"],
)
def test_steps_that_are_made_another_way_keep_it(solver):
    assert _equations_or_none(solver, jnp.ones(2), lambda t, y, args: -y) is None


def test_a_window_whose_matrices_would_take_too_much_memory_solves_step_by_step():
    solver = diffrax.Kvaerno3(root_finder=FINDER)

    def equations(size):
        return _equations_or_none(solver, jnp.ones(size), lambda t, y, args: -y, steps=1024)

    assert equations(40) is not None
    assert equations(1000) is None


def test_all_implicit_methods_of_diffrax_with_one_tableau_have_coefficients():
    known = [kind(root_finder=FINDER) for kind in vars(diffrax).values() if _is_implicit(kind)]
    assert len(known) >= 4
    assert all(coefficients(solver) is not None for solver in known)


def _is_implicit(kind):
    return (
        isinstance(kind, type)
        and issubclass(kind, diffrax.AbstractImplicitSolver)
        and not isinstance(getattr(kind, "tableau", None), diffrax.MultiButcherTableau)
        and (hasattr(kind, "tableau") or kind is diffrax.ImplicitEuler)
    )


@pytest.mark.slow
def test_stages_rely_on_no_promotion_of_ranks():
    solver = ParallelNewton(diffrax.ImplicitEuler(root_finder=FINDER), mode="parallel", steps=16)
    term = diffrax.ODETerm(lambda t, y, args: -y)
    with jax.numpy_rank_promotion("raise"):
        last = jax.eval_shape(
            lambda y: diffrax.diffeqsolve(term, solver, 0.0, 1.0, 1.0, y).ys, jnp.ones(2)
        )
    assert last.shape == (1, 2)
