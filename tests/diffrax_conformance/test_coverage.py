import diffrax
import pytest

from parasim import ConfigError, ParallelNewton
from tests.diffrax_conformance.solvers import CASES, REFUSED, shipped


def test_every_solver_that_diffrax_ships_is_tried_or_refused():
    tried = {type(case.solver).__name__ for case in CASES.values()}
    assert tried | set(REFUSED) == set(shipped())
    assert not tried & set(REFUSED)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("name", REFUSED)
def test_solvers_that_remember_more_than_the_state_are_refused_by_name(name, wrapped):
    solver = diffrax.HalfSolver(REFUSED[name]) if wrapped else REFUSED[name]
    with pytest.raises(ConfigError, match=f"{name} carries more than the state"):
        ParallelNewton(solver)


# diffrax looks into one wrapper only.
@pytest.mark.parametrize("name", [n for n in CASES if n != "HalfSolver"])
def test_questions_about_the_kind_of_solver_are_answered_for_the_inner_one(name):
    inner = CASES[name].solver
    solver = ParallelNewton(inner)
    for kind in (
        diffrax.AbstractAdaptiveSolver,
        diffrax.AbstractImplicitSolver,
        diffrax.AbstractItoSolver,
        diffrax.AbstractStratonovichSolver,
        diffrax.AbstractRungeKutta,
        diffrax.AbstractSRK,
    ):
        assert isinstance(solver, kind) == isinstance(inner, kind)
    assert solver.term_structure == inner.term_structure
    assert solver.term_compatible_contr_kwargs == inner.term_compatible_contr_kwargs
