"""A current clamp of Hodgkin and Huxley's axon, and an electroencephalogram of cortical columns.

python examples/neuro_pipeline.py OUTDIR

Everything is left as zarr stores and NetCDF files with units, for whatever reads these.
"""

import sys
from pathlib import Path

import jax
import numpy as np
import xarray as xr
from neuro_figure import draw

import parasim
from parasim import analyses

NETWORK = f"{Path(__file__).parent / 'jansen_rit_network.py'}:network"
CURRENTS = np.arange(0, 20.1, 0.5)  # uA/cm2
COUPLINGS = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0)
TRANSIENT = 500.0  # ms, after which firing is regular
ALPHA = (8.0, 13.0)  # Hz


def current_clamp(outdir: Path, currents=CURRENTS, t1: float = 1000.0) -> xr.Dataset:
    """Step the current from nothing to each of many values, side by side."""
    return parasim.simulate(
        "hodgkin-huxley", sweep={"I": currents}, t1=t1, dt=0.05, every=2,
        store=outdir / "current_clamp.zarr", overwrite=True,
    )  # fmt: skip


def ramp(outdir: Path, top: float = 20.0, t1: float = 4000.0) -> xr.Dataset:
    """Drive the axon with a current that rises for half of the time, and falls again."""
    current = xr.Dataset(
        {"I": ("time", [0.0, top, 0.0], {"units": "uA cm-2"})},
        {"time": ("time", [0.0, t1 / 2, t1], {"units": "ms"})},
    )
    current.to_netcdf(outdir / "ramp.nc")
    run = parasim.simulate(
        "hodgkin-huxley", inputs={"I": outdir / "ramp.nc"}, t1=t1, dt=0.05, every=2,
        store=outdir / "ramp.zarr", overwrite=True,
    )  # fmt: skip
    return run.assign(I=current.I.interp(time=run.time))


def firing(run: xr.Dataset, since: float = 0.0) -> xr.Dataset:
    """Return the spikes, how many there are, and the rate (Hz) by the mean interval."""
    spikes = analyses.spike_times(run, threshold=0.0, variables="V").V_spike_time
    count = spikes.notnull().sum("spike").assign_attrs(units="1", long_name="number of spikes")
    interval = spikes.where(spikes > since).diff("spike").mean("spike")
    rate = (1000 / interval).fillna(0.0).assign_attrs(units="Hz", long_name="rate of spikes")
    return xr.Dataset({"V_spike_time": spikes, "count": count, "rate": rate})


def columns(outdir: Path, couplings=COUPLINGS, t1: float = 25.0) -> xr.Dataset:
    """Run the ring of columns with each strength of coupling, and return its potentials."""
    run = parasim.simulate(
        NETWORK, sweep={"K": couplings}, t1=t1, dt=0.001, every=2,
        store=outdir / "columns.zarr", overwrite=True,
    )  # fmt: skip
    eeg = (run.y1 - run.y2).assign_attrs(units="mV", long_name="potential of pyramidal cells")
    mean = eeg.mean("column").assign_attrs(units="mV", long_name="mean potential of the columns")
    return xr.Dataset({"eeg": eeg, "mean": mean}).sel(time=slice(5.0, None))


def rhythm(potentials: xr.Dataset) -> xr.Dataset:
    """Return spectra, the frequency of each column's peak, and how synchronous columns are.

    Synchrony is the variance of the mean over the mean of the variances: 1 if all are the same,
    1 / columns if they have nothing to do with each other (Golomb and Rinzel 1993).
    """
    power = analyses.power_spectrum(potentials, segment=4096).compute()
    peak = power.frequency[power.eeg.argmax("frequency")].drop_vars("frequency")
    ratio = potentials["mean"].var("time") / potentials.eeg.var("time").mean("column")
    synchrony = ratio.compute().assign_attrs(units="1", long_name="synchrony of the columns")
    peak = peak.assign_attrs(units="Hz", long_name="frequency of the greatest power")
    return power.assign(peak=peak, synchrony=synchrony)


def main(outdir: Path) -> None:
    jax.config.update("jax_enable_x64", True)
    outdir.mkdir(parents=True, exist_ok=True)
    clamp, slope = current_clamp(outdir), ramp(outdir)
    fired = firing(clamp, since=TRANSIENT)
    fired.to_netcdf(outdir / "firing.nc")
    silent, firing_ = fired.I[fired.rate == 0][-1], fired.I[fired.rate > 0][0]
    print(f"fires for ever from between {float(silent)} and {float(firing_)} uA/cm2 on")
    print(f"at 10 uA/cm2: {float(fired.rate.sel(I=10)):.2f} Hz")
    turning = np.interp(firing(slope).V_spike_time[[0, -1]], slope.time, slope.I)
    print("slow ramp: begins at {:.1f} and ends at {:.1f} uA/cm2".format(*turning))

    potentials = columns(outdir)
    waves = rhythm(potentials)
    waves.to_netcdf(outdir / "rhythm.nc")
    for K in (0.0, 20.0):
        peak = waves.peak.sel(K=K)
        print(f"K = {K:.0f}: peaks at {float(peak.min()):.1f} to {float(peak.max()):.1f} Hz, "
              f"synchrony {float(waves.synchrony.sel(K=K)):.2f}")  # fmt: skip
    draw(clamp, fired, slope, firing(slope), potentials, waves).savefig(
        outdir / "neuro_pipeline.png", dpi=100
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "neuro-output"))
