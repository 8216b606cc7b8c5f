"""The figure of climate_pipeline.py."""

import xarray as xr
from matplotlib.figure import Figure

from parasim import analyses


def draw(co2: xr.Dataset, warm: xr.Dataset, pacific: xr.Dataset, by_lead: xr.Dataset) -> Figure:
    """Draw what `climate_pipeline.py` computed.

    Arguments:
        co2: carbon dioxide along years, measured since 1958.
        warm: the runs of the energy balance, along years and `feedback`.
        pacific: `with_trend` and `sst` of the record, and `temperature` and `thermocline` of the
            ocean that its wind drives, along years.
        by_lead: correlations of the forecasts by their lead in months.
    """
    blue, red, grey = "#0072B2", "#D55E00", "0.55"
    figure = Figure(figsize=(10, 12), layout="constrained")
    axes = figure.subplot_mosaic("AB;CC;HH;SF", height_ratios=[3, 3, 1.6, 3])
    for years, style, label in (
        (slice(1900, 1958.1), {"color": grey, "ls": "--"}, "assumed"),
        (slice(1958.1, None), {"color": blue, "lw": 1}, "Mauna Loa"),
    ):
        part = co2.co2.sel(time=years)
        axes["A"].plot(part.time, part, **style, label=label)
    axes["A"].set(ylabel="CO₂ (ppm)", xlabel="year", xlim=(1900, 2002))
    since = slice(1958.2, 2001.8)  # both records and the run have these years
    slow = analyses.running_mean(pacific[["with_trend"]], length=60).with_trend
    slow = slow - pacific.with_trend.sel(time=since).mean()
    warmth = warm[["surface_temperature"]].sel(time=since)
    band = analyses.ensemble_quantiles(
        warmth - warmth.mean(), quantiles=(0.05, 0.5, 0.95), dims="feedback"
    )
    low, middle, high = band.surface_temperature.transpose("quantile", "time")
    axes["B"].plot(slow.time, slow, color=grey, label="record, mean of 5 years")
    axes["B"].fill_between(low.time, low, high, color=red, alpha=0.25, lw=0, label="5 to 95 %")
    axes["B"].plot(middle.time, middle, color=red, label="energy balance, median")
    axes["B"].set(ylabel="anomaly (K)", xlabel="year", xlim=(1952, 2009), ylim=(-0.85, 1.1))
    axes["C"].plot(pacific.time, pacific.sst, color=grey, lw=1, label="record")
    axes["C"].plot(pacific.time, pacific.temperature, color=red, lw=1.2, label="driven ocean")
    axes["C"].set(ylabel="anomaly (K)", xlim=(1950, 2011))
    axes["H"].fill_between(pacific.time, pacific.thermocline, color=blue, alpha=0.6, lw=0)
    axes["H"].set(ylabel="thermocline (m)", xlabel="year", xlim=(1950, 2011))
    power = analyses.power_spectrum(pacific[["sst", "temperature"]], segment=240)
    for name, colour, label in (("sst", grey, "record"), ("temperature", red, "driven ocean")):
        axes["S"].loglog(power.frequency[1:], power[name][1:], color=colour, label=label)
    axes["S"].axvline(12 / 41.0, color=blue, ls=":", label="41 months")
    axes["S"].set(
        xlabel="frequency (1/year)", ylabel="power (K² year)", xlim=(0.05, 5), ylim=(3e-4, 10)
    )
    axes["F"].axhline(0, color="0.8", lw=1)
    axes["F"].plot(by_lead.time, by_lead.persistence, color=grey, label="persistence")
    axes["F"].plot(by_lead.time, by_lead.model, color=red, label="recharge oscillator")
    axes["F"].set(xlabel="lead (months)", ylabel="correlation", xlim=(0, 24), ylim=(-0.4, 1))
    titles = {
        "A": "a  The forcing",
        "B": "b  The globe by CO₂ alone; one sea's record",
        "C": "c  Sea surface temperature: the record, and the ocean under its winds",
        "H": "d  What the winds have left in the ocean, from which forecasts begin",
        "S": "e  Spectra of what c shows",
        "F": "f  684 forecasts against the record",
    }
    for name, ax in axes.items():
        ax.set_title(titles[name], loc="left", fontsize=11)
        ax.spines[["top", "right"]].set_visible(False)
        if name != "H":
            ax.legend(frameon=False, fontsize=9)
    return figure
