import diffrax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

import parasim
from parasim import ParallelNewton, Trapezoidal
from parasim.integrators.steps._root_tolerances import with_root_tolerances
from parasim.integrators.steps._tolerance import Tolerance

TOLERANCE = Tolerance(1e-6, 1e-9)


@pytest.mark.parametrize("solver", [diffrax.Kvaerno3(), Trapezoidal()])
def test_newtons_method_takes_the_place_of_very_chord(solver):
    finder = with_root_tolerances(solver, TOLERANCE).root_finder
    assert isinstance(finder, optimistix.Newton)
    np.testing.assert_allclose((finder.rtol, finder.atol), (1e-6, 1e-9))


def test_another_root_finder_stays_and_takes_the_tolerance():
    finder = with_root_tolerances(diffrax.ImplicitEuler(), TOLERANCE).root_finder
    assert isinstance(finder, optimistix.Chord)
    np.testing.assert_allclose((finder.rtol, finder.atol), (1e-6, 1e-9))


def test_inside_a_wrapper():
    solver = diffrax.HalfSolver(diffrax.Kvaerno3())
    assert with_root_tolerances(solver, TOLERANCE).solver.root_finder.rtol == pytest.approx(1e-6)


def test_what_has_tolerances_or_needs_none_is_as_it_was():
    given = diffrax.Kvaerno3(root_finder=diffrax.VeryChord(rtol=1e-3, atol=1e-3))
    assert with_root_tolerances(given, TOLERANCE) is given
    explicit = diffrax.Tsit5()
    assert with_root_tolerances(explicit, TOLERANCE) is explicit
    implicit = diffrax.Kvaerno3()
    assert with_root_tolerances(implicit, None) is implicit


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "parallel"])
@pytest.mark.parametrize(
    ("controller", "dtype", "rtol"),
    [
        (diffrax.ConstantStepSize(), jnp.float64, 1e-6),
        (diffrax.ConstantStepSize(), jnp.float64, 1e-9),
        (diffrax.ConstantStepSize(), jnp.float32, 1e-4),
        (diffrax.PIDController(rtol=1e-6, atol=1e-9), jnp.float64, 1e-6),
    ],
)
def test_a_stiff_problem_takes_nothing_but_a_solver_and_tolerances(controller, mode, dtype, rtol):
    def robertson(t, y, args):
        slow, fast, back = 0.04 * y[0], 3e7 * y[1] ** 2, 1e4 * y[1] * y[2]
        return jnp.stack([back - slow, slow - back - fast, fast])

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(robertson),
        ParallelNewton(diffrax.Kvaerno5(), steps=512, mode=mode, rtol=rtol, atol=1e-3 * rtol),
        *(0.0, 100.0, 100.0, jnp.array([1.0, 0.0, 0.0], dtype)),
        stepsize_controller=controller,
        saveat=diffrax.SaveAt(t1=True, solver_state=True),
    )
    # By Kvaerno5 at tolerances of 1e-11.
    expected = jnp.array([0.61723488, 6.1535912e-6, 0.38275896])
    np.testing.assert_allclose(solution.ys[-1], expected, rtol=max(rtol, 1e-7))
    record = parasim.windows(solution)
    assert record["mode"][0] == (mode == "parallel")
    assert record["attempts"][0] < 100  # VeryChord makes hundreds
