"""From two records to two models and back: carbon dioxide, El Nino, and what a comparison can show.

python examples/climate_pipeline.py OUTDIR
"""

import sys
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import xarray as xr
from climate_figure import draw
from scipy.stats import norm

import parasim
from parasim import analyses

DATA = Path(__file__).parent / "data"
FEEDBACKS = norm(1.16, 0.395).ppf((np.arange(20) + 0.5) / 20)  # 0.51 to 1.81 is very likely (AR6)
MU, LEADS = 0.6, 24  # coupling, below the Hopf point; months of a forecast
EPOCH = "1950-01-01"


def read(name: str, unit: str) -> xr.Dataset:
    """Read a record of monthly means."""
    table = pd.read_csv(DATA / name, comment="#", parse_dates=["time"], index_col="time")
    record = table.to_xarray()
    return record.map(lambda array: array.assign_attrs(units=unit))


def carbon_dioxide() -> xr.Dataset:
    """Return the record in decimal years, continued to 1750 by an assumed exponential."""
    record = read("co2_mauna_loa_monthly.csv", "ppm").dropna("time")
    measured = record.assign_coords(time=record.time.dt.decimal_year)
    years = np.arange(1750.0, 1958.1)
    assumed = 278 + 38 * np.exp((years - 1958.16) / 65)
    before = xr.Dataset({"co2": ("time", assumed, {"units": "ppm"})}, {"time": years})
    return xr.concat([before, measured], "time").assign_attrs(comment="until 1958 assumed")


def warming(outdir: Path) -> xr.Dataset:
    """Run the energy balance with the CO2 of the record, once for each of 20 feedbacks."""
    carbon_dioxide().to_netcdf(outdir / "co2.nc")
    return parasim.simulate(
        "energy-balance", t0=1750, t1=2001.75, dt=1 / 12, sweep={"feedback": FEEDBACKS},
        inputs={"co2": outdir / "co2.nc"}, store=outdir / "warming.zarr", overwrite=True,
    )  # fmt: skip


def anomalies() -> xr.Dataset:
    """Return sea surface temperature without its mean seasonal cycle, and without trend as well."""
    record = read("nino_sst_monthly.csv", "K")
    anomaly = record.groupby("time.month") - analyses.climatology(record, calendar="month")
    anomaly = anomaly.sst.drop_vars("month").assign_attrs(units="K")
    line = xr.polyval(anomaly.time, anomaly.polyfit("time", 1).polyfit_coefficients)
    return xr.Dataset({"with_trend": anomaly, "sst": (anomaly - line).assign_attrs(units="K")})


def driven_ocean(outdir: Path, sst: xr.DataArray) -> xr.Dataset:
    """Run the ocean alone (mu = 0) under the wind that the model's atmosphere would have made."""
    b0 = parasim.get_system("recharge-oscillator").params["b0"].value
    wind = b0 * MU * sst / 7.5  # 7.5 K is the article's unit of temperature
    wind.to_dataset(name="wind").to_netcdf(outdir / "wind.nc")
    return parasim.simulate(
        "recharge-oscillator", params={"mu": 0}, t1=len(sst) - 1, dt=0.25, every=4,
        y0={"temperature": 0, "thermocline": 0},
        inputs={"wind": {"file": outdir / "wind.nc", "epoch": EPOCH}},
        store=outdir / "ocean.zarr", overwrite=True,
    )  # fmt: skip


def forecasts(outdir: Path, sst: xr.DataArray, ocean: xr.Dataset) -> xr.Dataset:
    """Run the coupled model freely from each month on: an ensemble whose members are the starts."""
    starts = np.arange(24, len(sst) - LEADS)  # the first two years are spin-up
    y0 = {"temperature": sst[starts].values, "thermocline": ocean.thermocline[starts].values}
    run = parasim.simulate(
        "recharge-oscillator", params={"mu": MU}, y0=y0, members=len(starts), t1=LEADS,
        dt=0.25, every=4, batch=256, store=outdir / "forecasts.zarr", overwrite=True,
    )  # fmt: skip
    months = xr.DataArray(starts, dims="member") + run.time.astype(int)
    truth = sst.drop_vars("time").rename(time="month")[{"month": months}]
    return run.assign(observed=truth, persisted=truth.isel(time=0, drop=True))


def skill(run: xr.Dataset) -> xr.Dataset:
    """Return by lead the correlation with the record of the forecasts, and of persistence."""
    return xr.Dataset(
        {
            "model": xr.corr(run.temperature, run.observed, "member"),
            "persistence": xr.corr(run.persisted, run.observed, "member"),
        }
    ).compute()


def trend(series: xr.DataArray) -> tuple[float, float]:
    """Return the slope per century and its standard error, which knows the series' memory."""
    years = series.time - series.time[0]
    slope, start = np.polyfit(years, series, 1)
    rest = series.values - slope * years.values - start
    memory = np.corrcoef(rest[1:], rest[:-1])[0, 1]
    independent = len(rest) * (1 - memory) / (1 + memory)
    return 100 * slope, 100 * rest.std() / float(years.std()) / independent**0.5


def in_years(dataset: xr.Dataset) -> xr.Dataset:
    """Return series of months since 1950 along the years of the calendar."""
    years = 1950 + np.arange(dataset.sizes["time"]) / 12
    return dataset.assign_coords(time=("time", years, {"units": "year"}))


def main(outdir: Path) -> None:
    jax.config.update("jax_enable_x64", True)
    outdir.mkdir(parents=True, exist_ok=True)
    record = anomalies()
    warm = warming(outdir)
    ocean = driven_ocean(outdir, record.sst)
    by_lead = skill(forecasts(outdir, record.sst, ocean))
    pacific = in_years(record).assign(in_years(ocean[["temperature", "thermocline"]]))
    since = {"time": slice(1958.2, 2001.8)}
    print(
        "trend, K per century: record {:.1f} ± {:.1f}".format(*trend(pacific.with_trend.sel(since)))
    )
    middle = warm.surface_temperature.sel(since).median("feedback")
    print(f"trend, K per century: energy balance {trend(middle)[0]:.1f}")
    print(by_lead.to_dataframe()[::6].round(2))
    draw(carbon_dioxide(), warm, pacific, by_lead).savefig(outdir / "climate_pipeline.png", dpi=100)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "climate-output"))
