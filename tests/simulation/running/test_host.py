"""Runs on two devices: pieces in parallel on the one, what is stepped through on the host's CPU.

But for one test there is one device here, in both roles: all but the place is tested so.
"""

import dataclasses
import os
import subprocess
import sys

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import DeviceCosts, Method, ParallelNewton, methods
from parasim.integrators.decision import _decision as reasons
from parasim.integrators.decision._decision import AbstractDecision, choice_of
from parasim.io import MemorySession
from parasim.simulation.planning._plan import make_plan
from parasim.simulation.running._compile import checkpoint, compile_plan, from_checkpoint
from parasim.simulation.running._execute import calls, execute
from parasim.simulation.running._sinks import FromTheBeginning
from tests.problems import lorenz

CPU = jax.devices()[0]
COSTS = DeviceCosts(step=4.0, iteration=8.0, level=2.0, work=4e-5, host_step=1.0)
STEPS, WINDOWS, DT = 64, 12, 0.02
METHOD = Method()
CHAOTIC = lorenz(28)
DIMS = ("window",)


class InTurns(AbstractDecision):
    """Of four windows it steps through two, takes one in parallel, and begins one so."""

    def choose(self, history, menu):
        turn = history.windows % 4
        begun = history.iterations > 0
        few = jnp.where(history.windows < 4, 1, 3)  # one iteration delivers nothing
        return choice_of(
            history,
            parallel=(turn == 2) | ((turn == 3) & ~begun),
            reason=jnp.where(begun, reasons.WAITING, reasons.TRIAL),
            iterations=jnp.where(turn == 2, menu.most, few),
            wait=1,
            gain=turn,
        )


def drifting(t, y, period):
    """Lorenz-63 with rho from 10 to 28 within the second eighth of a period, back in the fourth."""
    there = jnp.clip(8 * jnp.minimum(t / period - 1 / 8, 1 / 2 - t / period), 0, 1)
    x, y, z = y
    return jnp.stack([10 * (y - x), x * (10 + 18 * there - z) - y, x * y - 8 / 3 * z])


def plan(
    mode,
    costs=COSTS,
    host=CPU,
    steps=STEPS,
    windows=WINDOWS,
    field=CHAOTIC,
    method=METHOD,
    **options,
):
    solver = ParallelNewton(diffrax.Heun(), steps=steps, mode=mode, costs=costs, method=method)
    t1 = steps * windows * DT
    options = {"y0": np.array([1.0, 2.0, 20.0]), "params": jnp.asarray(t1)} | options
    return make_plan(field, t1=t1, dt=DT, solver=solver, host=host, **options)


def executed(plan, compiled):
    with MemorySession(plan.layout, plan.attributes) as memory:
        execute(plan, compiled, FromTheBeginning(memory))
    return memory.dataset()


@pytest.fixture(scope="module")
def in_turns():
    made = plan(InTurns())
    return made, compile_plan(made)


@pytest.fixture(scope="module")
def stepped():
    made = plan("sequential")
    return made, compile_plan(made)


def test_the_states_are_those_of_stepping_whoever_found_them(in_turns, stepped):
    shared, alone = executed(*in_turns), executed(*stepped)
    np.testing.assert_allclose(shared["y"], alone["y"], rtol=1e-6)
    np.testing.assert_array_equal(shared["window_time"], alone["window_time"])


def test_every_window_has_its_record_with_the_choice_at_its_start(in_turns):
    run = executed(*in_turns)
    turns = {name: run[name].values.reshape(-1, 4).T for name in run if run[name].dims == DIMS}
    np.testing.assert_array_equal(run["mode"], [0, 0, 1, 0] * (WINDOWS // 4))
    np.testing.assert_array_equal(run["fell_back"], [0, 0, 0, 1] * (WINDOWS // 4))
    np.testing.assert_array_equal(run["gain"], [0, 1, 2, 3] * (WINDOWS // 4))
    assert set(run["reason"].values) == {reasons.TRIAL}
    assert (turns["parallel_steps"][2] == STEPS).all()
    assert turns["parallel_steps"][3, 0] == turns["update"][3, 0] == 0
    assert (turns["parallel_steps"][3, 1:] > 0).all()
    assert (turns["parallel_steps"][3] < STEPS).all()
    assert np.isfinite(turns["growth_rate"][2]).all()
    assert (turns["iterations"][2:] > 0).all()
    for name, stepped in {"iterations": 0, "update": 0, "parallel_steps": 0, "cost": STEPS}.items():
        assert (turns[name][:2] == stepped).all()
    moved = 200 * 4  # to the device, and back
    for name in ("cost", "wasted"):
        np.testing.assert_array_equal(turns[name][2] >= moved, True)
        np.testing.assert_array_equal(turns[name][3] < moved, True)


def test_a_structure_that_is_claimed_to_be_all_and_is_not_is_an_error():
    made = plan(InTurns(), method=methods.para_rnn())
    with pytest.raises(RuntimeError, match="though `exact=True` says that it keeps all"):
        executed(made, compile_plan(made))


def test_how_many_windows_a_call_computes_changes_nothing(in_turns):
    made, compiled = in_turns
    assert compiled.capacity > 8
    one_by_one = dataclasses.replace(compiled, capacity=1)
    assert executed(made, one_by_one).equals(executed(made, compiled))


@pytest.mark.parametrize(
    ("mode", "costs"), [("sequential", COSTS), ("auto", dataclasses.replace(COSTS, host_step=1e-3))]
)
def test_where_nothing_can_go_parallel_the_host_has_the_only_loop(mode, costs, stepped):
    made, compiled = stepped if mode == "sequential" else (plan(mode, costs), None)
    compiled = compiled or compile_plan(made)
    assert compiled.host is None
    assert compiled.loops.device == CPU
    assert made.solver.costs == costs


@pytest.mark.parametrize(
    ("mode", "costs", "members"),
    [
        ("parallel", COSTS, None),
        ("auto", COSTS.alone(), None),
        ("auto", dataclasses.replace(COSTS, host_step=4.0), None),
        ("auto", COSTS, 4),  # of which a core makes one step after the other
    ],
)
def test_the_host_has_no_part_where_it_would_not_be_faster(mode, costs, members):
    many = {"members": members, "y0": np.ones((members, 3))} if members else {}
    made = plan(mode, costs, **many)
    assert made.host is None
    assert made.solver.costs == costs.alone()


def test_on_a_cpu_there_is_no_host_beside_it():
    assert plan("auto", host=None).host is None


@pytest.mark.slow
def test_a_run_on_two_devices_goes_on_from_every_checkpoint_to_the_same_bits():
    made = plan(InTurns(), every=3)
    compiled = compile_plan(made)

    def delivered(position, start):
        """Return what each call delivers, and the position behind it."""
        for call in calls(made, compiled, position, start):
            count = int(call.batch.windows)
            if count:
                saved = made.grid.saved(call.start, call.stop)
                rows = [np.asarray(leaf)[:saved] for leaf in jax.tree.leaves(call.batch.rows)]
                records = [np.asarray(leaf)[:count] for leaf in jax.tree.leaves(call.batch.records)]
                yield call.stop, call.position, [*rows, *records]

    def bits(found):
        return [np.concatenate(part).tobytes() for part in zip(*found, strict=True)]

    whole = list(delivered(compiled.position, 0))
    assert len(whole) > 3
    for number, (stop, position, _) in enumerate(whole[:-1], start=1):
        begin = from_checkpoint(checkpoint(position), compiled.position)
        again = [found for _, _, found in delivered(begin, stop)]
        assert bits(again) == bits([found for _, _, found in whole[number:]])


@pytest.mark.slow
def test_members_of_an_ensemble_go_together():
    costs = dataclasses.replace(COSTS, host_step=0.5)
    made = plan(InTurns(), costs, windows=8, members=2, y0=np.array([[1.0, 2, 20], [2.0, 1, 20]]))
    assert made.solver.costs.host_step == 1.0
    run = executed(made, compile_plan(made))
    np.testing.assert_array_equal(run["mode"], [[0, 0, 1, 0] * 2] * 2)
    alone = plan("sequential", windows=8, y0=np.array([2.0, 1, 20]))
    alone = executed(alone, compile_plan(alone))
    np.testing.assert_allclose(run["y"][1], alone["y"], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("iteration", [8.0, 30.0])
def test_by_default_a_drift_costs_at_most_five_percent_more_than_stepping(iteration):
    costs = dataclasses.replace(COSTS, step=1.0, iteration=iteration / 4, host_step=0.25)
    made = plan("auto", costs, steps=256, windows=400, field=drifting)
    run = executed(made, compile_plan(made))
    first_trial = 64 / 8 * 4 + 6 * (iteration + 4 * 2 * 3)
    assert run["cost"].sum() <= 1.05 * 256 * 400 + 128 + first_trial
    assert (run["mode"] == 1).any()
    assert (run["cost"] == 256).any()


PLACES = """
import sys
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
from parasim.simulation.running._compile import compile_plan
from parasim.simulation.running._execute import calls
from tests.simulation.running.test_host import InTurns, plan

device, host = jax.devices()
made = plan(InTurns(), host=host, every=3)
compiled = compile_plan(made)
for call in calls(made, compiled, compiled.position, 0):
    records = jax.tree.map(np.asarray, call.batch.records)
    there, = call.batch.rows.devices()
    for window in range(int(call.batch.windows)):
        print(there.id, int(records.parallel[window]))
"""


@pytest.mark.slow
def test_windows_are_stepped_through_on_the_other_device():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, "-c", PLACES],
        env=os.environ | flags,
        check=True,
        capture_output=True,
        text=True,
    )
    places = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert places == [(1, 0), (1, 0), (0, 1), (1, 0)] * (WINDOWS // 4)
