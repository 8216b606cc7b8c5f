"""A sweep on several processes, one of which is killed, is the serial sweep."""

import os
import platform
import signal

import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton, SolverError, UnknownPlugin, simulate
from parasim.io import StoreSession
from parasim.simulation import make_config, plan_config, plan_stored, stored_attributes
from parasim.simulation.running._distributed import cluster_client, compute_region

distributed = pytest.importorskip("distributed")

SWEEP = {"rho": np.linspace(1, 28, 16).tolist()}
RUN = {
    "t1": 20.0,
    "dt": 0.01,
    "members": 4,
    "sweep": SWEEP,
    "solver": ParallelNewton(steps=100, mode="sequential"),
}


def bits(dataset):
    return {str(name): v.values.tobytes() for name, v in dataset.variables.items()}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of processes that end while others speak to them
def test_sixty_four_runs_on_four_workers_one_of_them_killed_are_the_serial_ones(tmp_path):
    killed = []
    with (
        distributed.LocalCluster(
            n_workers=4, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):

        def kill_one(progress):
            """Kill a worker while it computes, some time after some have finished."""
            working = [w for w, tasks in client.processing().items() if tasks]
            if progress.steps and not killed and working:
                pid = client.run(os.getpid, workers=working[:1])[working[0]]
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

        run = RUN | {"t1": 200.0}
        spread = simulate(
            "lorenz63", **run, batch=4, store=tmp_path / "s", scheduler=client, progress=kill_one
        )
    assert killed
    assert spread.attrs["status"] == "complete"
    serial = simulate("lorenz63", **run, batch=4, store=tmp_path / "t")
    assert bits(spread) == bits(serial)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_are_started_and_ended(tmp_path):
    spread = simulate("lorenz63", **RUN, store=tmp_path / "s", workers=2)
    assert spread.attrs["status"] == "complete"
    assert len(stored_attributes(tmp_path / "s")["configuration"]["together"]) == 2
    assert np.isfinite(spread["x"]).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_that_were_started_together_divide_the_devices(tmp_path, monkeypatch):
    """Three workers and two devices; each says on which one it computed a region."""

    def with_device(store, region):
        import jax

        from parasim.simulation.running import _distributed

        computed_on, execute_region = [], _distributed.execute_region

        def execute(plan, compiled, *others):
            arrays = jax.tree.leaves(compiled.position)
            computed_on.extend({device.id for leaf in arrays for device in leaf.devices()})
            execute_region(plan, compiled, *others)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_distributed, "execute_region", execute)
            assert _distributed.compute_region(store, region) is None
        return computed_on

    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    monkeypatch.setenv("XLA_FLAGS", flags)
    values = {"system": "lorenz63", "t1": 1.0, "dt": 0.01, "steps": 50, "sweep": SWEEP, "batch": 4}
    store = str(tmp_path / "s.zarr")
    plan = plan_config(make_config(values | {"out": store}))
    with (
        StoreSession.create(store, plan.layout, plan.attributes),
        cluster_client(None, 3) as client,
    ):
        known = client.scheduler_info(n_workers=-1)["workers"]
        workers = sorted(known, key=lambda address: known[address]["name"])
        tasks = [
            client.submit(with_device, store, region, workers=workers[region])
            for region in range(3)
        ]
        assert client.gather(tasks) == [[0], [1], [0]]


def test_a_task_does_its_region_once_and_says_why_it_failed(tmp_path):
    """As a worker does it, here in this process."""
    run = RUN | {"t1": 1.0, "batch": 32}

    def stop(progress):
        raise KeyboardInterrupt

    store = str(tmp_path / "s")
    with pytest.raises(KeyboardInterrupt):
        simulate("lorenz63", **run, store=store, progress=stop)
    assert compute_region(store, 1) is None
    modified = os.stat(tmp_path / "s" / "x" / "c" / "0" / "0" / "0").st_mtime_ns
    assert np.isfinite(parasim.open(store)["x"][8:]).all()
    assert compute_region(store, 1) is None  # at once
    assert os.stat(tmp_path / "s" / "x" / "c" / "0" / "0" / "0").st_mtime_ns == modified
    whole = simulate("lorenz63", **run, store=store, resume=True)
    assert bits(whole) == bits(simulate("lorenz63", **run))


def test_a_task_of_a_run_that_fails_returns_the_reason(tmp_path):
    store = str(tmp_path / "s")
    with pytest.raises(SolverError):
        simulate("lorenz63", t1=30.0, dt=0.3, sweep={"rho": [500.0]}, y0={"x": 30}, store=store)
    reason, t = compute_region(store, 0)
    assert "rho = 500" in reason
    assert 0 < t < 30


def test_what_no_other_process_can_make_is_refused_for_them(tmp_path):
    with pytest.raises(ConfigError, match="give the system by name"):
        simulate(lambda t, y, args: -y, y0=1.0, t1=1.0, dt=0.1, store=tmp_path / "s", workers=2)
    assert not (tmp_path / "s").exists()


def test_a_run_from_python_can_be_made_again_by_another_process(tmp_path):
    run = RUN | {"t1": 0.1, "sweep": None, "params": {"sites": 5, "F": 7.5}, "y0": {"x": 3}}
    options = {"perturbation": 0.01, "every": 2, "dtype": "float64"}
    simulate("lorenz96", **run, **options, store=tmp_path / "s")
    attributes = stored_attributes(tmp_path / "s")
    plan = plan_stored(tmp_path / "s", attributes)
    assert attributes["configuration"] == plan.configuration


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named_and_nothing_is_begun(tmp_path):
    with pytest.raises(ConfigError, match=r"tcp://127.0.0.1:9 does not answer within 10 s"):
        simulate("lorenz63", **RUN, store=tmp_path / "s", scheduler="tcp://127.0.0.1:9")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("workers", [0, -1, 1.5])
def test_a_number_of_workers_is_positive(tmp_path, workers):
    with pytest.raises(ConfigError, match="workers"):
        simulate("lorenz63", **RUN, store=tmp_path / "s", workers=workers)
    assert not (tmp_path / "s").exists()


def test_a_run_is_not_resumed_by_no_workers(tmp_path):
    with pytest.raises(ConfigError, match="workers"), cluster_client(None, 0):
        pass


def test_what_other_processes_compute_needs_a_store():
    with pytest.raises(ConfigError, match="name one with store="):
        simulate("lorenz63", **RUN, workers=2)


def test_a_cluster_is_given_or_started_not_both(tmp_path):
    with pytest.raises(ConfigError, match="not both"):
        simulate("lorenz63", **RUN, store=tmp_path / "s", scheduler="tcp://x:1", workers=2)


def test_a_worker_that_lacks_a_plugin_says_which_one_it_is(tmp_path, monkeypatch):
    """In this process, with a store that was begun where the plugin was there."""
    store = str(tmp_path / "s.zarr")
    values = {"system": "lorenz63", "t1": 1.0, "dt": 0.1, "out": store, "steps": 8}
    plan = plan_config(make_config(values))
    with StoreSession.create(store, plan.layout, plan.attributes):
        pass
    monkeypatch.setenv("PARASIM_DISABLE_PLUGINS", "systems:lorenz63")
    with pytest.raises(UnknownPlugin) as caught:
        compute_region(store, 0)
    assert str(caught.value).startswith(f"on the worker {platform.node()} the system 'lorenz63'")
