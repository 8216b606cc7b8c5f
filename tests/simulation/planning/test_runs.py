"""Ensembles and sweeps: each run is the one that it would be alone."""

import numpy as np
import pytest
import zarr

import parasim
from parasim import ConfigError, ParallelNewton, SolverError, Sweep, simulate
from parasim.io import verify_store
from parasim.simulation import explain_store
from parasim.simulation.planning._plan import make_plan
from parasim.simulation.planning._runs import make_runs

RUN = {"t1": 1.0, "dt": 0.01, "solver": ParallelNewton(steps=32, mode="sequential")}


def bits(dataset):
    return {str(name): v.values.tobytes() for name, v in dataset.variables.items()}


def decay(t, y, args):
    return -args["rate"] * y


def runs(sweep=None, members=None, **options):
    sweep = sweep if isinstance(sweep, Sweep) else Sweep(sweep or {})
    parameters = dict.fromkeys(sweep.values, 0.0)
    options = {"system": decay, "params": parameters} | options
    return make_runs(sweep, members, 7, **options)


def test_a_product_has_an_axis_per_parameter_and_members_come_last():
    made = runs({"a": [1, 2], "b": [3, 4, 5]}, members=4)
    assert dict(made.axes) == {"a": 2, "b": 3, "member": 4}
    assert (made.swept["a"] == np.array([1, 2])[:, None, None]).all()
    assert (made.swept["b"] == np.array([3, 4, 5])[:, None]).all()
    assert (made.seeds == 7 + np.arange(4)).all()
    assert [(c.name, c.axis) for c in made.coordinates] == [(n, n) for n in ("a", "b", "member")]


def test_parameters_that_are_zipped_share_the_axis_of_members():
    made = runs(Sweep({"a": [1, 2], "b": [3, 4]}, zipped=True), members=2)
    assert dict(made.axes) == {"member": 4}
    assert made.swept["a"].tolist() == [1, 1, 2, 2]
    assert made.swept["b"].tolist() == [3, 3, 4, 4]
    assert made.seeds.tolist() == [7, 8, 7, 8]
    assert [(c.name, c.axis) for c in made.coordinates] == [
        (name, "member") for name in ("member", "a", "b")
    ]


@pytest.mark.parametrize(
    ("shape", "batch", "block"),
    [((17,), 64, (17,)), ((17,), 8, (8,)), ((17,), 1, (1,)), ((5, 8), 20, (2, 8)),
     ((5, 8), 7, (1, 4)), ((3, 4, 5), 64, (3, 4, 5)), ((), 64, ())],
)  # fmt: skip
def test_what_is_computed_together_is_all_of_an_axis_or_a_power_of_two(shape, batch, block):
    sweep = {f"p{axis}": list(range(length)) for axis, length in enumerate(shape)}
    assert runs(sweep).in_batches(batch, parts=1, most=1).block == block


def test_by_default_as_many_run_together_as_fit_and_leave_something_for_every_process():
    made = runs({"a": list(range(256))})
    assert made.in_batches(None, parts=1, most=10**6).block == (64,)
    assert made.in_batches(None, parts=1, most=20).block == (16,)
    assert made.in_batches(None, parts=8, most=10**6).block == (32,)
    assert made.in_batches(None, parts=10**6, most=10**6).block == (1,)


def test_a_batch_of_a_large_state_is_smaller(monkeypatch):
    monkeypatch.setattr("parasim.simulation.planning._resources.device_memory", lambda: 10**9)
    small = make_plan("lorenz96", **RUN, members=64)
    large = make_plan("lorenz96", **RUN, members=64, params={"sites": 100_000})
    assert small.runs.block == (64,)
    assert 1 <= large.runs.block[0] <= 4


def test_every_run_of_a_sweep_is_the_one_that_it_would_be_alone(tmp_path):
    swept = simulate(
        "lorenz63", **RUN, sweep={"rho": [10.0, 20, 28], "sigma": [9.0, 10]}, batch=4,
        store=tmp_path / "s",
    )  # fmt: skip
    assert swept["x"].dims == ("rho", "sigma", "time")
    assert swept["rho"].attrs["long_name"].startswith("Rayleigh number")
    alone = simulate("lorenz63", **RUN, params={"rho": 20.0, "sigma": 9.0})
    one = swept.sel(rho=20, sigma=9)
    np.testing.assert_allclose(one["x"], alone["x"], rtol=1e-12)
    np.testing.assert_array_equal(one["mode"], alone["mode"])


@pytest.mark.slow
def test_batches_do_not_mix_up_runs_and_the_last_one_may_be_smaller():
    options = {"y0": 1.0, "params": {"rate": 0.0}, "sweep": {"rate": [0.5, 1, 1.5, 2, 2.5]}}
    for batch in (1, 2, 64):
        dataset = simulate(decay, **RUN, **options, batch=batch)
        expected = np.exp(-dataset["rate"] * dataset["time"])
        np.testing.assert_allclose(dataset["y"], expected, rtol=1e-8)


def test_members_that_nothing_else_tells_apart_are_perturbed_and_seeded():
    def states(**options):
        return make_plan("lorenz63", **RUN, **options).model.y0

    several = states(members=100, seed=3)
    assert np.std(several["z"]) == pytest.approx(1e-3 * 20, rel=0.3)
    assert len(np.unique(several["x"])) == 100
    np.testing.assert_array_equal(states(members=2, seed=4)["x"][0], several["x"][1])
    np.testing.assert_allclose(
        states(members=100, seed=3, perturbation=1e-6)["x"] - 1,
        1e-3 * (several["x"] - 1),
        rtol=1e-6,
    )
    assert np.unique(states(members=3, perturbation=0.0)["x"]).tolist() == [1.0]
    given = states(members=3, y0={"x": [1.0, 2, 3]})
    assert given["x"].tolist() == [1, 2, 3]


def test_a_system_with_a_random_state_needs_no_perturbation():
    plain = make_plan("lorenz96", **RUN, members=2, seed=5).model.y0["x"]
    alone = make_plan("lorenz96", **RUN, seed=6).model.y0["x"]
    np.testing.assert_array_equal(plain[1], alone)


def test_initial_values_of_members_are_the_same_at_every_point_of_a_sweep():
    plan = make_plan("lorenz63", **RUN, members=2, sweep={"rho": [1, 2, 3]}, y0={"x": [4.0, 5]})
    assert plan.model.y0["x"].tolist() == [[4, 5]] * 3


@pytest.mark.slow
def test_a_driven_parameter_and_a_swept_one_go_together(tmp_path):
    file = tmp_path / "current.csv"
    file.write_text("time,current\n0,0\n1,1\n")
    options = {"t1": 1.0, "dt": 0.05, "inputs": {"I": (file, "current")}}
    swept = simulate("fitzhugh-nagumo", **options, sweep={"b": [0.7, 0.8]})
    alone = simulate("fitzhugh-nagumo", **options, params={"b": 0.7})
    np.testing.assert_allclose(swept["v"].sel(b=0.7), alone["v"], rtol=1e-12)
    with pytest.raises(ConfigError, match="both set and driven"):
        simulate("fitzhugh-nagumo", **options, sweep={"I": [0.1]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": 0}, "members"),
        ({"members": 2.5}, "members"),
        ({"batch": 0}, "batch"),
        ({"sweep": {"roh": [1]}}, "no parameter 'roh' to sweep: did you mean 'rho'"),
        ({"sweep": {"rho": []}}, "over no values"),
        ({"sweep": {"rho": [1, np.nan]}}, "finite"),
        ({"sweep": {"rho": ["much"]}}, "finite"),
        ({"sweep": {"sigma": [-1e9]}}, "outside its range"),
        ({"sweep": {"rho": [1]}, "params": {"rho": 1}}, "both set and swept"),
        ({"sweep": [1, 2]}, "must be a dictionary"),
        ({"sweep": Sweep({"rho": [1, 2], "sigma": [1]}, zipped=True)}, "2 for rho, 1 for sigma"),
        ({"sweep": Sweep({}, zipped=True)}, "none"),
        ({"perturbation": 0.1}, "give members too"),
        ({"members": 2, "perturbation": "some"}, "perturbation"),
    ],
)
def test_what_cannot_be_swept_is_refused(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        simulate("lorenz63", **RUN, **options, store=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_what_makes_the_state_larger_cannot_be_swept():
    with pytest.raises(ConfigError, match="sites cannot be swept"):
        simulate("lorenz96", **RUN, sweep={"sites": [4, 5]})


def test_a_plain_vector_field_needs_parameters_by_name():
    with pytest.raises(ConfigError, match="needs params as a dictionary"):
        simulate(lambda t, y, args: -y, **RUN, y0=1.0, sweep={"rate": [1.0]})


def test_the_parts_of_a_sweep_that_do_not_fail_are_complete(tmp_path):
    def explode(t, y, args):
        return args["a"] * y**2

    options = {"t1": 2.0, "dt": 0.01, "solver": ParallelNewton(steps=10), "y0": 1.0}
    with pytest.raises(SolverError, match=r"explode in run \(a = 1\) stopped being finite"):
        simulate(
            explode,
            **options,
            params={"a": 0.0},
            sweep={"a": [1.0, 0.25, 0.0]},
            batch=1,
            store=tmp_path / "s",
        )
    dataset = parasim.open(tmp_path / "s")
    assert dataset.attrs["status"] == "failed"
    np.testing.assert_array_equal(dataset["y"].sel(a=0), np.ones(201))
    assert np.isnan(dataset["y"].sel(a=1)).any()


def explode(t, y, args):
    return {"y": args["a"] * y["y"] ** 2}


EXPLODING = {
    "t1": 2.0,
    "dt": 0.01,
    "every": 3,
    "solver": ParallelNewton(steps=10, mode="sequential"),
    "y0": {"y": np.float64(1.0)},
    "params": {"a": np.float64(0.0)},
    "sweep": {"a": [0.25, 1.0, 0.0, 0.8]},
}


def test_a_run_that_fails_leaves_the_others_of_its_block_alone(tmp_path):
    store = tmp_path / "s"
    with pytest.raises(
        SolverError, match=r"in the runs \(a = 1\), \(a = 0\.8\) stopped .* first before t = 1\.1:"
    ):
        simulate(explode, **EXPLODING, store=store)
    dataset = parasim.open(store).load()
    assert dataset.attrs["status"] == "failed"
    assert dataset.attrs["failed_at"] == pytest.approx(1.1)
    exact = 1 / (1 - 0.25 * dataset["time"])
    np.testing.assert_allclose(dataset["y"].sel(a=0.25), exact, rtol=1e-9)
    np.testing.assert_array_equal(dataset["y"].sel(a=0), 1.0)
    until = dataset["time"] <= 1.0  # the end of the last window before
    np.testing.assert_array_equal(np.isfinite(dataset["y"].sel(a=1)), until)
    assert set(dataset["mode"].sel(a=1, window=slice(10, None)).values) == {-1}
    assert not verify_store(store).damages
    explained = explain_store(store)  # without the runs that failed
    assert (explained.parallel_steps, explained.cost) == (0, 200.0)


def test_with_a_run_that_failed_the_others_are_resumed_and_repaired(tmp_path, monkeypatch):
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_STEPS", 1)
    whole = tmp_path / "whole"
    with pytest.raises(SolverError):
        simulate(explode, **EXPLODING, store=whole)

    def stop(progress):
        if progress.windows >= 14:
            raise KeyboardInterrupt

    store = tmp_path / "s"
    with pytest.raises(KeyboardInterrupt):
        simulate(explode, **EXPLODING, store=store, progress=stop)
    assert parasim.open(store).attrs["status"] == "interrupted"
    assert not verify_store(store).damages
    with pytest.raises(SolverError, match=r"\(a = 1\), \(a = 0\.8\) stopped .* t = 1\.1:"):
        simulate(explode, **EXPLODING, store=store, resume=True)
    assert bits(parasim.open(store)) == bits(parasim.open(whole))
    with pytest.raises(SolverError, match="would fail there again"):
        simulate(explode, **EXPLODING, store=store, resume=True)


def test_rows_that_are_missing_in_a_good_run_beside_a_failed_one_are_found(tmp_path):
    store = tmp_path / "s"
    with pytest.raises(SolverError):
        simulate(explode, **EXPLODING, store=store)
    array = zarr.open_array(store, path="y", mode="r+")
    array[0, 40] = np.nan
    (damage,) = verify_store(store).damages
    assert damage.problem == "not finite, which no run commits"
