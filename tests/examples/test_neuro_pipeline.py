"""The neuro pipeline, against the numbers that the systems are known by."""

import sys
from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr

import parasim

EXAMPLES = Path(__file__).parents[2] / "examples"
MODULES = ("neuro_pipeline", "neuro_figure", "jansen_rit_network")


@pytest.fixture(scope="module")
def pipeline():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        import neuro_pipeline

        yield neuro_pipeline
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def ring(pipeline):
    import jansen_rit_network

    return jansen_rit_network.network(columns=8, reach=2)


def state_and_arguments(ring, **params):
    args = ring.resolve(params)
    state = ring.initial_state(args, 1)
    return {name: np.asarray(leaf) for name, leaf in state.items()}, args


def test_without_coupling_and_differences_the_ring_is_parasims_columns(ring):
    columns = parasim.get_system("jansen-rit", columns=8)
    state, args = state_and_arguments(ring, K=0.0, spread=0.0)
    ours = jax.jit(ring.vector_field)(0.0, state, args)
    theirs = jax.jit(columns.vector_field)(0.0, state, args)
    for name, leaf in ours.items():
        np.testing.assert_allclose(leaf, theirs[name], rtol=1e-13)


def test_a_column_hears_its_neighbours_and_has_an_input_of_its_own(ring):
    state, args = state_and_arguments(ring, K=30.0, spread=60.0)
    alone = jax.jit(ring.vector_field)(0.0, state, args | {"K": 0.0, "spread": 0.0})["y4"]
    other = jax.jit(ring.vector_field)(0.0, state, args)["y4"]
    more = np.asarray(other - alone) / (args["A"] * args["a"])  # of the input, per second
    rate = 5 / (1 + np.exp(0.56 * (6 - (state["y1"] - state["y2"]))))
    heard = np.array([np.mean([rate[(i + k) % 8] for k in (-2, -1, 1, 2)]) for i in range(8)])
    np.testing.assert_allclose(np.sort(more - 30 * heard), 60 * np.linspace(-1, 1, 8), atol=1e-9)


def test_rates_are_those_of_the_intervals(pipeline):
    time = np.arange(0, 1000, 0.1)
    waves = np.stack([np.sin(2 * np.pi * f * time / 1000) for f in (10.0, 40.0)])
    waves[1, time < 200] = -1.0
    run = xr.Dataset({"V": (("I", "time"), [*waves, -np.ones_like(time)])}, {"time": time})
    run["time"].attrs["units"] = "ms"
    found = pipeline.firing(run, since=500.0)
    np.testing.assert_allclose(found.rate, [10.0, 40.0, 0.0], rtol=1e-6)
    assert found["count"].values.tolist() == [9, 32, 0]


@pytest.fixture(scope="module")
def outdir(pipeline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("neuro")
    pipeline.main(folder)
    return folder


@pytest.mark.slow
def test_rates_are_those_that_the_axon_is_known_by(outdir):
    """The onset, and rates after the transient, as in the truth of the system."""
    fired = xr.open_dataset(outdir / "firing.nc")
    known = {
        truth.settings["I"]: truth.value
        for truth in parasim.get_system("hodgkin-huxley").truth
        if truth.quantity == "firing_rate"
    }
    for current in (10.0, 20.0):
        assert float(fired.rate.sel(I=current)) == pytest.approx(known[current], abs=0.02)
    fires = fired.rate > 0
    assert not fires.sel(I=slice(0, 6.26)).any()
    assert fires.sel(I=slice(6.27, None)).all()
    assert (fired.rate.where(fires, drop=True).diff("I") > 0).all()
    assert float(fired.rate.sel(I=6.5)) > 50  # it begins at no small rate: class 2
    # A smaller step makes one spike, or none.
    assert fired["count"].sel(I=slice(0, 5.5)).max() == 1
    assert fired["count"].sel(I=slice(0, 2)).max() == 0


@pytest.mark.slow
def test_a_slow_ramp_finds_two_stable_states(pipeline, outdir):
    """Rest is stable below the Hopf point at 9.78, firing above 6.26."""
    spikes = pipeline.firing(parasim.open(outdir / "ramp.zarr")).V_spike_time.values
    begins, ends = np.interp(spikes[[0, -1]], [0, 2000, 4000], [0, 20, 0])
    assert 9.7754 < begins < 18  # later than at the Hopf point: slow passage
    assert 6.0 < ends < 6.4


@pytest.mark.slow
def test_columns_have_an_alpha_rhythm_and_find_a_common_one(pipeline, outdir):
    waves = xr.open_dataset(outdir / "rhythm.nc")
    low, high = pipeline.ALPHA
    assert ((low < waves.peak) & (waves.peak < high)).all()
    bin_ = float(waves.frequency[1])
    width = waves.peak.max("column") - waves.peak.min("column")
    assert float(width.sel(K=0)) > 3 * bin_
    assert float(width.sel(K=20)) <= bin_
    assert float(waves.synchrony.sel(K=0)) < 0.15  # 1 / 16 for columns that differ
    assert float(waves.synchrony.sel(K=40)) > 0.4
    # Power of the mean is in the alpha band.
    power = waves["mean"].sel(K=20)
    inside = power.sel(frequency=slice(low, high)).sum() / power[1:].sum()
    assert float(inside) > 0.95


@pytest.mark.slow
def test_what_is_left_has_units_and_is_read_by_plain_xarray(outdir):
    expected = {
        "firing.nc": {"V_spike_time": "ms", "rate": "Hz", "I": "uA cm-2"},
        "rhythm.nc": {"eeg": "mV2 s", "frequency": "1/s", "peak": "Hz"},
    }
    for file, units in expected.items():
        with xr.open_dataset(outdir / file) as data:
            assert {name: data[name].attrs["units"] for name in units} == units
    with xr.open_zarr(outdir / "current_clamp.zarr") as data:
        assert data.V.attrs["units"] == "mV"
    from matplotlib import image

    pixels = image.imread(outdir / "neuro_pipeline.png").reshape(-1, 4)
    assert len(np.unique(pixels, axis=0)) > 100
