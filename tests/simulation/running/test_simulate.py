"""`simulate`, from a system to the dataset; the windows are short to have several."""

import json
import warnings
from collections import namedtuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import parasim
from parasim import ConfigError, ParallelNewton, SolverError, StoreError, simulate
from parasim.integrators import WindowIntegrator
from parasim.io import open_run
from parasim.simulation.planning._plan import make_plan

SHORT = ParallelNewton(steps=16, mode="sequential")  # compiles quickly
RUN = {"t1": 1.0, "dt": 0.01, "solver": SHORT}


def decay(t, y, args):
    del t, args
    return jax.tree.map(lambda leaf: -leaf, y)


def explode(t, y, args):
    del t, args
    return y * y


@pytest.fixture(scope="module")
def lorenz():
    return simulate("lorenz63", **RUN)


def test_the_trajectory_is_that_of_the_integrator_alone(lorenz):
    system = parasim.get_system("lorenz63")
    y = jax.tree.map(jnp.asarray, dict(system.y0))
    args = {name: p.value for name, p in system.params.items()}
    alone = WindowIntegrator(SHORT, system.vector_field, 0.0, 0.01)
    states, _, _ = alone(alone.init(y, 100), y, args, 0, 100)
    np.testing.assert_allclose(lorenz["x"][1:], states["x"], rtol=1e-12)
    assert lorenz["x"][0] == system.y0["x"]
    np.testing.assert_allclose(lorenz["time"], 0.01 * np.arange(101), rtol=1e-15)


def test_the_store_holds_what_memory_does_and_opens_without_a_warning(lorenz, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stored = simulate("lorenz63", **RUN, store=tmp_path / "s.zarr")
        opened = xr.open_zarr(tmp_path / "s.zarr")
    assert stored.chunks
    assert opened.equals(lorenz)
    assert opened.attrs["status"] == lorenz.attrs["status"] == "complete"


@pytest.mark.parametrize("every", [2, 7, 16, 33, 100])
def test_thinning_equals_slicing_the_whole_run(lorenz, every):
    thinned = simulate("lorenz63", **RUN, every=every)
    sliced = lorenz.isel(time=slice(None, None, every))
    for name in "xyz":
        np.testing.assert_array_equal(thinned[name], sliced[name])
    np.testing.assert_allclose(thinned["time"], sliced["time"], rtol=1e-15)
    assert thinned.sizes["window"] == lorenz.sizes["window"]


@pytest.mark.slow
def test_every_window_says_when_it_ended_how_it_went_and_why(lorenz):
    np.testing.assert_allclose(lorenz["window_time"], [0.16, 0.32, 0.48, 0.64, 0.8, 0.96, 1.0])
    forced = simulate("lorenz63", t1=1.0, dt=0.01, solver=ParallelNewton(steps=16, mode="parallel"))
    assert set(forced["mode"].values) == {1}
    assert forced["iterations"].values.min() >= 1
    assert forced["growth_rate"].notnull().all()
    np.testing.assert_allclose(forced["x"], lorenz["x"], rtol=1e-7)
    meanings = forced["reason"].attrs["flag_meanings"].split()
    assert meanings[int(forced["reason"][0])].startswith("parallel_was")
    assert forced["growth_rate"].attrs["units"] == forced["exponent"].attrs["units"] == "1"
    weights = 0.9 ** np.arange(7)[::-1]
    assert forced["exponent"][-1] == pytest.approx(
        np.average(forced["growth_rate"], weights=weights)
    )
    np.testing.assert_array_equal(lorenz["cost"], [16] * 6 + [4])
    assert (forced["wasted"] <= forced["cost"]).all()


def test_names_units_and_origin_are_in_the_dataset():
    dataset = simulate("hodgkin-huxley", t1=0.1, dt=0.01, params={"I": 12})
    assert dataset["time"].attrs["units"] == "ms"
    assert dataset["V"].attrs["units"] == "mV"
    assert dataset["growth_rate"].attrs["units"] == "1/ms"
    configuration = json.loads(dataset.attrs["configuration"])
    assert configuration["set"]["I"] == 12
    assert configuration["solver"]["steps"] == 1024
    assert configuration["solver"]["costs"]["step"] == 1.0
    assert configuration["decision"]["class"].endswith("PredictedTime")
    assert configuration["decision"]["budget"] == 0.02
    assert configuration["y0"]["V"] == float(dataset["V"][0])
    assert json.loads(dataset.attrs["versions"])["parasim"] == parasim.__version__
    assert "Hodgkin" in dataset.attrs["references"]


def test_initial_values_may_be_given_in_part_and_numbers_fill_a_leaf():
    dataset = simulate("lorenz96", **RUN, params={"sites": 5}, y0={"x": 8})
    np.testing.assert_array_equal(dataset["x"][-1], np.full(5, 8.0))  # the fixed point x = F
    assert simulate("lorenz63", **RUN, y0={"y": 3})["y"][0] == 3


def test_an_ensemble_is_its_members_side_by_side(tmp_path):
    x0 = np.array([1.0, 1.1, -4.0])
    ensemble = simulate(
        "lorenz63", **RUN, members=3, every=3, y0={"x": x0, "z": 21}, store=tmp_path
    )
    assert ensemble["x"].dims == ("member", "time")
    assert ensemble["mode"].dims == ("member", "window")
    for member, x in enumerate(x0):
        alone = simulate("lorenz63", **RUN, every=3, y0={"x": x, "z": 21})
        np.testing.assert_allclose(ensemble["x"].sel(member=member), alone["x"], rtol=1e-9)


def test_members_of_a_random_system_have_seeds_of_their_own():
    ensemble = make_plan("lorenz96", **RUN, members=2, seed=5)
    alone = make_plan("lorenz96", **RUN, seed=6)
    np.testing.assert_array_equal(ensemble.model.y0["x"][1], alone.model.y0["x"])


@pytest.mark.parametrize(
    ("y0", "names"),
    [
        (1.0, {"y": ()}),
        (np.ones((2, 3)), {"y": ("y_0", "y_1")}),
        ({"a": 1.0, "b": (1.0, [2.0])}, {"a": (), "b_0": (), "b_1_0": ()}),
        (namedtuple("State", "angle speed")(1.0, 2.0), {"angle": (), "speed": ()}),
    ],
)
def test_leaves_of_a_plain_state_are_named_by_their_paths(y0, names):
    dataset = simulate(decay, y0=y0, t1=1.0, dt=0.1)
    for name, dims in names.items():
        assert dataset[name].dims == ("time", *dims)
        np.testing.assert_allclose(
            dataset[name][-1], np.exp(-1) * np.asarray(dataset[name][0]), rtol=1e-5
        )


def test_args_of_a_plain_vector_field_pass_untouched():
    def field(t, y, args):
        rate, kind = args
        assert kind == "text stays text"
        return -rate * y

    dataset = simulate(field, y0=1.0, params=(2.0, "text stays text"), t1=1.0, dt=0.1)
    assert float(dataset["y"][-1]) == pytest.approx(np.exp(-2), rel=1e-4)


def test_a_state_that_blows_up_keeps_every_window_before(tmp_path):
    run = {"y0": 1.0, "t1": 2.0, "dt": 0.001, "solver": ParallelNewton(steps=64), "every": 3}
    with pytest.raises(
        SolverError, match=r"stopped being finite at t = 1\.0.*smaller dt"
    ) as caught:
        simulate(explode, **run, store=tmp_path / "s.zarr")
    dataset = open_run(tmp_path / "s.zarr").load()
    assert dataset.attrs["status"] == "failed"
    assert f"t = {dataset.attrs['failed_at']:.12g}" in str(caught.value)
    assert dataset["window_time"][-1] == pytest.approx(15 * 0.064)
    assert dataset["time"][-1] == pytest.approx(0.96)
    np.testing.assert_allclose(dataset["y"], 1 / (1 - dataset["time"]), rtol=1e-6)


def test_one_member_that_blows_up_is_named_and_the_other_one_goes_on(tmp_path):
    run = {"t1": 2.0, "dt": 0.001, "solver": ParallelNewton(steps=64), "store": tmp_path / "s.zarr"}
    with pytest.raises(SolverError, match=r"in member 1 stopped .* first before t = 1\.024"):
        simulate(explode, **run, y0=np.array([0.1, 1.0]), members=2)
    y = open_run(tmp_path / "s.zarr")["y"].load()
    np.testing.assert_allclose(y[0], 0.1 / (1 - 0.1 * y["time"]), rtol=1e-6)
    assert float(y["time"][np.isfinite(y[1])][-1]) == pytest.approx(0.96)


def test_the_members_that_blow_up_are_named_but_not_all_of_many():
    y0 = np.append(0.1, np.ones(9))
    with pytest.raises(SolverError, match=r"in the members 1, 2, 3, 4, 5 and 4 more stopped"):
        simulate(explode, t1=2.0, dt=0.001, y0=y0, members=10)


def test_all_full_windows_are_one_compilation():
    traces = []

    def field(t, y, args):
        traces.append(1)
        return -y

    def count(t1: float) -> int:
        traces.clear()
        simulate(field, y0=1.0, t1=t1, dt=0.01, solver=SHORT)
        return len(traces)

    assert count(16 * 0.01 * 40) == count(16 * 0.01 * 4)


def test_progress_adds_up(tmp_path):
    seen = []
    simulate("lorenz63", t1=40.0, dt=0.01, solver=SHORT, store=tmp_path / "s", progress=seen.append)
    assert seen[-1].steps == seen[-1].total_steps == 4000
    assert seen[-1].windows == 250
    assert seen[-1].t == pytest.approx(40.0)
    assert [p.steps for p in seen] == sorted(p.steps for p in seen)


def test_float32_is_kept():
    dataset = simulate("lorenz63", **RUN, dtype="float32")
    assert dataset["x"].dtype == np.float32
    assert dataset["time"].dtype == np.float64


def test_without_64_bit_mode_float32_is_the_default_and_float64_says_what_to_call():
    with jax.enable_x64(False):
        assert simulate("lorenz63", **RUN)["x"].dtype == np.float32
        with pytest.raises(ConfigError, match=r'jax.config.update\("jax_enable_x64", True\)'):
            simulate("lorenz63", **RUN, dtype="float64")


@pytest.mark.parametrize(
    ("system", "changes", "remedy"),
    [
        ("lorenz36", {}, "did you mean 'lorenz"),
        (3, {}, "a name, a parasim.System or a vector field"),
        ("lorenz63", {"params": {"rhoo": 1}}, "did you mean 'rho'"),
        ("lorenz63", {"params": [1]}, "dictionary"),
        ("lorenz63", {"y0": 1.0}, "dictionary of leaves by name"),
        ("lorenz63", {"y0": {"X": 1.0}}, "'X'"),
        ("lorenz63", {"y0": {"x": [1.0, 2.0]}}, r"must be a number or shape \(\)"),
        ("lorenz63", {"y0": {"x": "one"}}, "must be a number"),
        ("lorenz63", {"y0": {"x": np.nan}}, "must be finite"),
        ("lorenz63", {"members": 0}, "members must be a whole number"),
        ("lorenz63", {"seed": -1}, "seed must be a whole number"),
        ("lorenz63", {"solver": "tsit5"}, "ParallelNewton or a diffrax solver"),
        ("lorenz63", {"dtype": "float16"}, "float32 or float64"),
        ("lorenz63", {"dtype": "float"}, None),
        ("lorenz63", {"inputs": {"rhoo": "f.csv"}}, "did you mean 'rho'"),
        ("lorenz63", {"params": {"rho": 10**400}}, r"rho = inf is outside its range"),
        ("lorenz63", {"params": {"rho": [28]}}, r"rho must be a number, not \[28\]"),
        (decay, {"params": (1, 2), "inputs": {"r": "f.csv"}, "y0": 1.0}, "params must be a dict"),
        (decay, {"y0": {"a/b": 1.0}}, "'a/b' cannot be the name of a variable"),
        (decay, {"y0": {"..": np.ones(2)}}, "'..' cannot be the name of a variable"),
        (decay, {"y0": 1.0, "store": 3}, "must be a path such as 'run.zarr', not 3"),
        ("lorenz63", {"inputs": {"rho": 3}}, r"a pair \(file, variable\)"),
        (decay, {}, "give y0="),
        (decay, {"y0": {"time": 1.0}}, "another name"),
        (decay, {"y0": 1j}, "real numbers"),
        (decay, {"y0": np.ones(3), "members": 2}, "first axis"),
        (lambda _t, y, _args: (y, y), {"y0": 1.0}, "one slope per leaf"),
    ],
)
def test_bad_arguments_name_the_remedy_and_nothing_is_written(tmp_path, system, changes, remedy):
    run = {**RUN, "store": tmp_path / "s.zarr"} | changes
    if remedy is None:
        simulate(system, **run)  # "float" is float64
        return
    with pytest.raises(ConfigError, match=remedy):
        simulate(system, **run)
    assert not (tmp_path / "s.zarr").exists()


def test_an_existing_store_survives_a_run_that_does_not_compile(tmp_path):
    def broken(t, y, args):
        raise RuntimeError("inside the vector field")

    simulate("lorenz63", **RUN, store=tmp_path / "s.zarr")
    with pytest.raises(RuntimeError, match="inside"):
        simulate(broken, y0=1.0, **RUN, store=tmp_path / "s.zarr", overwrite=True)
    assert "lorenz63" in xr.open_zarr(tmp_path / "s.zarr").attrs["title"]


def test_the_data_that_drive_a_run_are_not_replaced(tmp_path):
    store = tmp_path / "s.zarr"
    simulate("lorenz63", **RUN, store=store)
    with pytest.raises(StoreError, match="drives the run"):
        simulate("lorenz63", **RUN, inputs={"rho": (store, "z")}, store=store, overwrite=True)
    assert (store / "z").exists()


def test_a_parameter_follows_data(tmp_path):
    file = tmp_path / "input.csv"
    file.write_text("time,current\n0,0\n1,10\n")
    driven = simulate(
        "fitzhugh-nagumo", **RUN, inputs={"I": (file, "current")}, y0={"v": 0, "w": 0}
    )
    constant = simulate("fitzhugh-nagumo", **RUN, params={"I": 0}, y0={"v": 0, "w": 0})
    # I = 10 t adds 5 t^2 to v at first.
    early = float(driven["v"][5] - constant["v"][5])
    assert early == pytest.approx(5 * 0.05**2, rel=0.05)
    source = json.loads(driven.attrs["configuration"])["input"]["I"]
    assert source["variable"] == "current"
    assert "I" not in json.loads(driven.attrs["configuration"])["set"]
    with pytest.raises(ConfigError, match=r"unknown key 'epok'.*epoch"):
        simulate("fitzhugh-nagumo", **RUN, inputs={"I": {"file": file, "epok": "2000-01-01"}})
    with pytest.raises(ConfigError, match="both set and driven"):
        simulate("fitzhugh-nagumo", **RUN, params={"I": 1}, inputs={"I": (file, "current")})


def test_a_failure_on_the_device_is_a_solver_error_and_keeps_what_came_before(tmp_path):
    def field(t, y, args):
        return eqx.error_if(-y, t > 0.5, "too late for this")

    with pytest.raises(SolverError, match=r"the device failed after t = .*too late for this"):
        simulate(field, y0=1.0, **RUN, store=tmp_path / "s.zarr")
    dataset = open_run(tmp_path / "s.zarr").load()
    assert dataset.attrs["status"] == "interrupted"  # another device may do better
    assert np.isfinite(dataset["y"]).all()


def test_how_many_windows_are_computed_at_once_does_not_matter(monkeypatch):
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_BYTES", 1000)
    whole = simulate("lorenz63", **RUN)
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_BYTES", 2**22)
    assert simulate("lorenz63", **RUN).equals(whole)
