"""The climate pipeline, against exact solutions, another program, and red noise."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import expm

EXAMPLES = Path(__file__).parents[2] / "examples"
MU, B = 0.6, 1.5  # coupling, and b = b0 mu


@pytest.fixture(scope="module")
def pipeline():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        import climate_pipeline

        yield climate_pipeline
    for name in ("climate_pipeline", "climate_figure"):
        sys.modules.pop(name)


@pytest.fixture(scope="module")
def outdir(pipeline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("climate")
    pipeline.main(folder)
    return folder


def test_anomalies_have_no_seasons_and_no_trend(pipeline):
    record = pipeline.anomalies()
    assert record.sizes["time"] == 732
    monthly = record.with_trend.groupby("time.month").mean()
    np.testing.assert_allclose(monthly, 0, atol=1e-10)
    years = 1950 + np.arange(732) / 12
    assert np.polyfit(years, record.sst, 1)[0] == pytest.approx(0, abs=1e-5)  # months differ
    # The two greatest are El Ninos that everybody knows.
    yearly = record.sst.groupby("time.year").max()
    assert set(yearly.year.values[np.argsort(yearly.values)[-3:]]) <= {1982, 1983, 1997, 1998}


def test_the_assumed_carbon_dioxide_leads_to_the_measured(pipeline):
    co2 = pipeline.carbon_dioxide().co2
    assert (co2.time.diff("time") > 0).all()
    before, after = co2.sel(time=[1957, 1958.17], method="nearest").values
    assert before < after < before + 3
    assert float(co2[0]) == pytest.approx(279.6, abs=0.1)


def test_the_error_of_a_trend_knows_the_memory(pipeline):
    """Slopes of red noise scatter by their standard errors."""
    random, memory = np.random.default_rng(0), 0.9
    noise = random.standard_normal((600, 200))
    for row in range(1, 600):
        noise[row] += memory * noise[row - 1]
    time = xr.DataArray(np.arange(600) / 12, dims="time")
    found = np.array([pipeline.trend(xr.DataArray(n, {"time": time}, "time")) for n in noise.T])
    scatter = found[:, 0].std() / found[:, 1].mean()
    assert 0.85 < scatter < 1.3


def exact_warming(co2: xr.DataArray, times: np.ndarray, feedback: float) -> np.ndarray:
    """Return surface temperature by the matrix exponential, with forcing linear in short steps."""
    capacity, deep_capacity, exchange = 7.3, 106.0, 0.73
    matrix = np.array([
        [-(feedback + exchange) / capacity, exchange / capacity],
        [exchange / deep_capacity, -exchange / deep_capacity],
    ])  # fmt: skip
    fine = 20
    grid = np.linspace(times[0], times[-1], fine * (len(times) - 1) + 1)
    step = grid[1] - grid[0]
    forcing = 5.35 * np.log(np.interp(grid, co2.time, co2) / 278) / capacity
    decay, half = expm(matrix * step), expm(matrix * step / 2)[:, 0]
    state, surface = np.zeros(2), np.zeros(len(grid))
    for n in range(len(grid) - 1):
        middle = (forcing[n] + forcing[n + 1]) / 2
        state = decay @ state + step * middle * half
        surface[n + 1] = state[0]
    return surface[::fine]


@pytest.mark.slow
def test_the_globe_warms_as_the_exact_solution_does(pipeline, outdir):
    warm = xr.open_zarr(outdir / "warming.zarr").surface_temperature
    co2 = pipeline.carbon_dioxide().co2
    for run in (0, 10, 19):
        member = warm.isel(feedback=run)
        exact = exact_warming(co2, member.time.values, float(member.feedback))
        np.testing.assert_allclose(member, exact, atol=2e-4)
    # Nowhere is it warmer than the equilibrium with the CO2 of the day, and deep heat delays it.
    balance = 5.35 * np.log(co2[-12:].mean() / 278) / warm.feedback
    assert (warm.isel(time=slice(-12, None)).mean("time") < 0.95 * balance).all()


def tendencies(T, h, mu, wind):
    b = 2.5 * mu
    dT = (0.75 * b - 1) * T + 0.75 * (h + wind) - 3 * (h + b * T) ** 3
    return np.array([dT, -0.25 * h - 0.125 * (b * T + wind)]) / 2


def months(state, mu, winds, fine=4):
    """Yield the states of Jin's model after each month, by Runge and Kutta's fourth order."""
    dt = 1 / fine
    for first, last in pairwise(winds):
        for n in range(fine):
            w = [first + (last - first) * (n + part) / fine for part in (0, 0.5, 1)]
            one = tendencies(*state, mu, w[0])
            two = tendencies(*(state + dt / 2 * one), mu, w[1])
            three = tendencies(*(state + dt / 2 * two), mu, w[1])
            four = tendencies(*(state + dt * three), mu, w[2])
            state = state + dt / 6 * (one + 2 * two + 2 * three + four)
        yield state


def skill_of(series: np.ndarray, leads: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Return the driven ocean's states (K, m) and the skill by lead; of series (time, runs)."""
    rest = np.zeros((2, series.shape[1]))
    ocean = np.stack([rest, *months(rest, 0.0, B * series / 7.5)])
    starts = np.arange(24, len(series) - leads)
    state = np.stack([series[starts] / 7.5, ocean[starts, 1]])
    skill = []
    for lead, (T, _) in enumerate(months(state, MU, np.zeros(leads + 1)), 1):
        pair = [(v - v.mean(0)) / v.std(0) for v in (T, series[starts + lead])]
        skill.append((pair[0] * pair[1]).mean(0))
    return ocean * np.array([7.5, 150.0])[:, None], np.array(skill)


@pytest.fixture(scope="module")
def by_another_program(pipeline):
    return skill_of(pipeline.anomalies().sst.values[:, None])


@pytest.mark.slow
def test_the_driven_ocean_is_that_of_another_program(outdir, by_another_program):
    ocean = xr.open_zarr(outdir / "ocean.zarr")
    theirs, _ = by_another_program
    np.testing.assert_allclose(ocean.temperature, theirs[:, 0, 0], atol=1e-3)
    np.testing.assert_allclose(ocean.thermocline, theirs[:, 1, 0], atol=1e-2)


@pytest.mark.slow
def test_the_driven_ocean_follows_the_record_a_month_behind_and_smoother(pipeline, outdir):
    record = pipeline.anomalies().sst.values
    ocean = xr.open_zarr(outdir / "ocean.zarr").temperature.values
    lagged = [
        np.corrcoef(record[24:-6], ocean[24 + k : len(ocean) - 6 + k])[0, 1] for k in range(6)
    ]
    assert np.argmax(lagged) == 1
    assert lagged[1] > 0.95
    assert np.diff(ocean).std() / ocean.std() < 0.75 * np.diff(record).std() / record.std()


@pytest.mark.slow
def test_forecasts_are_better_than_those_of_red_noise(pipeline, outdir, by_another_program):
    """Series with the variance and the memory of the record, treated in the same way."""
    record = pipeline.anomalies().sst
    run = xr.open_zarr(outdir / "forecasts.zarr")
    starts = 24 + run.member.values[:, None] + np.arange(25)
    run = run.assign(observed=(("member", "time"), record.values[starts]))
    found = xr.corr(run.temperature, run.observed, "member").values[1:]
    _, theirs = by_another_program
    np.testing.assert_allclose(found, theirs[:, 0], atol=2e-3)

    random, memory = np.random.default_rng(0), float(np.corrcoef(record[1:], record[:-1])[0, 1])
    noise = random.standard_normal((len(record), 400)) * (1 - memory**2) ** 0.5
    noise[0] /= (1 - memory**2) ** 0.5
    for row in range(1, len(noise)):
        noise[row] += memory * noise[row - 1]
    noise *= float(record.std())
    _, red = skill_of(noise - noise.mean(0))
    for lead in (9, 12, 15, 18):
        assert found[lead - 1] > 0.25
        assert (red[lead - 1] >= found[lead - 1]).mean() < 0.01


@pytest.mark.slow
def test_the_figure_is_there(outdir):
    from matplotlib import image

    assert (
        len(np.unique(image.imread(outdir / "climate_pipeline.png").reshape(-1, 4), axis=0)) > 100
    )
