"""Inner solvers by name."""

import diffrax
import numpy as np
import optimistix
import pytest

from parasim import ConfigError, ParallelNewton, simulate
from parasim.plugins._registry import names
from parasim.simulation.planning._solvers import inner_solver, with_tolerances


@pytest.mark.parametrize("name", names("integrators"))
def test_every_name_has_a_solver_that_can_be_put_into_windows(name):
    solver = inner_solver(name, np.float64)
    assert type(solver).__name__.lower() == name
    ParallelNewton(solver)


def test_upper_case_is_forgiven_and_a_wrong_name_is_corrected():
    assert isinstance(inner_solver("Tsit5", np.float64), diffrax.Tsit5)
    with pytest.raises(ConfigError, match="did you mean 'kvaerno5'"):
        inner_solver("kvarno5", np.float64)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_an_implicit_solver_reaches_round_off_at_a_fixed_step(dtype):
    dataset = simulate(
        "stuart-landau",
        y0={"x": 1, "y": 0},
        t1=1.0,
        dt=0.02,
        dtype=dtype,
        solver=inner_solver("kvaerno5", dtype),
    )
    radius = np.hypot(dataset["x"], dataset["y"])
    np.testing.assert_allclose(radius, 1.0, atol=1e-8 if dtype == "float64" else 1e-4)


IMPLICIT = [diffrax.ImplicitEuler(), diffrax.Kvaerno3(), diffrax.Kvaerno5()]


def states(solver):
    return simulate("lorenz63", t1=0.1, dt=0.01, solver=solver)


@pytest.mark.parametrize("solver", IMPLICIT, ids=lambda solver: type(solver).__name__)
@pytest.mark.parametrize(
    "wrap",
    [lambda s: s, ParallelNewton, pytest.param(diffrax.HalfSolver, marks=pytest.mark.slow)],
)
def test_an_implicit_solver_of_diffrax_needs_no_tolerances(solver, wrap):
    by_name = inner_solver(type(solver).__name__, np.float64)
    if wrap is diffrax.HalfSolver:
        by_name = wrap(by_name)
    assert states(wrap(solver)).equals(states(by_name))


def test_tolerances_that_were_given_are_kept():
    root_finder = optimistix.Newton(rtol=1e-6, atol=1e-6)
    solver = ParallelNewton(diffrax.Kvaerno5(root_finder=root_finder))
    assert with_tolerances(solver, np.float64).solver.root_finder is root_finder


SEVERAL_TERMS = [diffrax.KenCarp4, diffrax.Sil3, diffrax.ItoMilstein, diffrax.EulerHeun,
                 diffrax.SRA1, diffrax.ALIGN, diffrax.SemiImplicitEuler]  # fmt: skip


@pytest.mark.parametrize("solver", SEVERAL_TERMS, ids=lambda solver: solver.__name__)
@pytest.mark.parametrize("wrap", [lambda s: s, ParallelNewton])
def test_a_solver_for_several_terms_is_refused_with_what_it_is_for(solver, wrap):
    with pytest.raises(ConfigError, match=rf"{solver.__name__} takes several.*diffeqsolve"):
        states(wrap(solver()))
