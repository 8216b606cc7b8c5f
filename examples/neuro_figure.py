"""The figure of neuro_pipeline.py."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "0.55"


def draw(
    clamp: xr.Dataset,
    fired: xr.Dataset,
    ramp: xr.Dataset,
    ramp_fired: xr.Dataset,
    potentials: xr.Dataset,
    waves: xr.Dataset,
) -> Figure:
    """Draw what `neuro_pipeline.py` computed.

    Arguments:
        clamp, fired: the steps of current, along `time` (ms) and `I`; spikes and rates.
        ramp, ramp_fired: the ramp of current, and its spikes.
        potentials: `eeg` and its `mean` over the columns, along `time` (s) and `K`.
        waves: their spectra, peaks and synchrony.
    """
    figure = Figure(figsize=(10, 13), layout="constrained")
    axes = figure.subplot_mosaic("AB;RR;EF;PS", height_ratios=[3, 3, 2.6, 3])
    for current, colour in ((5.0, GREY), (7.0, GREEN), (15.0, RED)):
        trace = clamp.V.sel(I=current, time=slice(0, 100))
        axes["A"].plot(trace.time, trace, color=colour, lw=1.2, label=f"I = {current:.0f}")
    axes["A"].set(xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(0, 100))
    axes["A"].set(ylim=(-80, 75))
    axes["A"].legend(frameon=False, fontsize=9, ncols=3, loc="upper center")

    spikes = ramp_fired.V_spike_time.values
    current = np.interp(spikes, ramp.time, ramp.I)
    rate, between = 1000 / np.diff(spikes), (current[1:] + current[:-1]) / 2
    down = spikes[:-1] > float(ramp.time[-1]) / 2
    axes["B"].plot(fired.I, fired.rate, color="k", marker="o", ms=7, mfc="w", lw=0, label="steps")
    axes["B"].plot(between[~down], rate[~down], color=RED, lw=4, label="ramp up")
    axes["B"].plot(between[down], rate[down], color=BLUE, lw=1.5, label="ramp down")
    axes["B"].axvline(6.2601, color=GREY, ls=":", label="6.26")
    axes["B"].axvline(9.7754, color=GREY, ls="--", label="9.78, Hopf point")
    axes["B"].set(xlabel="I (µA cm⁻²)", ylabel="rate (Hz)", xlim=(0, 20), ylim=(-2, 100))
    axes["B"].set_xticks(range(0, 21, 5))
    axes["B"].legend(frameon=False, fontsize=9, loc="lower right")

    clamp[["V"]].sel(time=slice(0, 400)).parasim.plot.raster("V", threshold=0.0, ax=axes["R"])
    rows = np.arange(0, clamp.sizes["I"], 10)
    axes["R"].set_yticks(rows + 0.5, [f"{current:g}" for current in clamp.I.values[rows]])
    axes["R"].set(xlabel="time (ms)", ylabel="I (µA cm⁻²)")

    fields = potentials.eeg.sel(K=[0.0, 20.0], time=slice(24, 25)).transpose("K", "column", "time")
    fields = (fields - fields.mean(["column", "time"])).compute()
    limit = float(abs(fields).max())
    for name, field in zip("EF", fields, strict=True):
        mesh = axes[name].pcolormesh(
            field.time, field.column, field,
            cmap="RdBu_r", vmin=-limit, vmax=limit, shading="nearest", rasterized=True,
        )  # fmt: skip
        axes[name].set(xlabel="time (s)", ylabel="column")
    figure.colorbar(mesh, ax=[axes["E"], axes["F"]], label="potential (mV)", pad=0.01)

    for K, colour in ((0.0, GREY), (20.0, BLUE), (40.0, RED)):
        power = waves["mean"].sel(K=K, frequency=slice(2, 30))
        axes["P"].semilogy(power.frequency, power, color=colour, label=f"K = {K:.0f}")
    axes["P"].axvspan(8, 13, color="0.9", zorder=0, label="alpha band")
    axes["P"].set(xlabel="frequency (Hz)", ylabel="power of the mean (mV² s)", xlim=(2, 30))
    axes["P"].set(ylim=(1e-7, None))
    axes["P"].legend(frameon=False, fontsize=9)
    axes["S"].fill_between(
        waves.K, waves.peak.min("column"), waves.peak.max("column"), color=BLUE, alpha=0.3, lw=0
    )
    axes["S"].plot(waves.K, waves.peak.median("column"), color=BLUE, marker="o", ms=4)
    axes["S"].set(xlabel="coupling K", xlim=(0, 40), ylim=(8, 12))
    axes["S"].set_ylabel("peak of the columns (Hz)", color=BLUE)
    right = axes["S"].twinx()
    right.plot(waves.K, waves.synchrony, color=RED, marker="s", ms=4)
    right.set_ylim(0, 1)
    right.set_ylabel("synchrony", color=RED)
    right.spines["top"].set_visible(False)
    titles = {
        "A": "a  Steps of current",
        "B": "b  Rate against current",
        "R": f"c  Spikes after steps of current; {axes['R'].get_title(loc='left')}",
        "E": "d  A ring of columns without coupling",
        "F": "e  The same with K = 20",
        "P": "f  Spectra of the electroencephalogram",
        "S": "g  Least, median and greatest peak; synchrony",
    }
    for name, ax in axes.items():
        ax.set_title(titles[name], loc="left", fontsize=11)
        ax.spines["top"].set_visible(False)
        if name != "S":
            ax.spines["right"].set_visible(False)
    return figure
