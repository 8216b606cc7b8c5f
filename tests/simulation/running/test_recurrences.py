"""Systems in discrete time, and systems with resets, through `simulate`."""

import diffrax
import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton, System, Variable


def test_a_recurrence_runs_in_steps_of_1():
    data = parasim.simulate("henon", t1=40, solver=ParallelNewton(steps=16, mode="sequential"))
    x, y = 0.0, 0.0
    for n in range(1, 41):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        np.testing.assert_allclose(data.x[n], x, rtol=1e-9, atol=1e-9)
    assert data.time.attrs["units"] == "step"
    np.testing.assert_array_equal(data.time, np.arange(41))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dt": 0.5}, "whose dt is 1, not 0.5"),
        ({"solver": diffrax.Kvaerno5()}, "henon is a recurrence.*Kvaerno5"),
    ],
)
def test_a_recurrence_has_no_other_step(wrong, said):
    with pytest.raises(ConfigError, match=said):
        parasim.simulate("henon", t1=10, **wrong)


def test_a_system_without_a_step_of_its_own_needs_one():
    system = System(
        name="decay",
        vector_field=lambda t, y, args: {"x": -y["x"]},
        initial_state=lambda params, seed: {"x": np.asarray(1.0)},
        params={},
        variables={"x": Variable(description="x")},
        time_unit="1",
        description="",
        citation="",
    )
    with pytest.raises(ConfigError, match="dt is missing"):
        parasim.simulate(system, t1=10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["henon", "izhikevich"])
def test_a_run_that_is_continued_is_the_longer_run(tmp_path, name):
    """Also where the steps are not a solver's, or jump."""
    solver = ParallelNewton(steps=64, mode="sequential")
    run = {"solver": solver, "store": tmp_path / "s.zarr"}
    parasim.simulate(name, t1=128 * (1.0 if name == "henon" else 0.1), **run)
    t1 = 256 * (1.0 if name == "henon" else 0.1)
    longer = parasim.simulate(name, t1=t1, resume=True, **run)
    whole = parasim.simulate(name, t1=t1, solver=solver)
    for variable in parasim.get_system(name).variables:
        np.testing.assert_array_equal(longer[variable], whole[variable])


@pytest.mark.slow
def test_networks_are_the_same_in_parallel_windows():
    for name in ("gru", "lstm", "shallow-plrnn", "al-rnn"):
        params = {"g": 0.5, "input": 0.1} if name in ("gru", "lstm") else {"g": 0.3}
        runs = [
            parasim.simulate(
                name,
                params={"units": 8, **params},
                t1=256,
                solver=ParallelNewton(steps=128, mode=m),
            )
            for m in ("sequential", "parallel")
        ]
        for variable in parasim.get_system(name).variables:
            np.testing.assert_allclose(runs[0][variable], runs[1][variable], atol=1e-8)
        assert (runs[1]["mode"] == 1).all()


@pytest.mark.slow
def test_resets_see_the_parameters_that_data_drive(tmp_path):
    """Without a jump of u the neuron fires faster; here that changes half way."""
    (tmp_path / "d.csv").write_text("time,d\n0,8\n499,8\n501,2\n1000,2\n")
    data = parasim.simulate("izhikevich", t1=1000, inputs={"d": tmp_path / "d.csv"})
    moments = np.unique(data.spike_time.to_numpy()[data.spikes.to_numpy() > 0])
    early, late = (np.diff(moments[part]) for part in (moments < 490, moments > 700))
    np.testing.assert_allclose(early[-1], 44.812, atol=1e-2)
    assert late.max() < 30
