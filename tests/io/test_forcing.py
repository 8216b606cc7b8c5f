"""Reading a record: what comes out, what is counted, and what is refused."""

import sys

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from parasim import ConfigError
from parasim.io._forcing import read_forcing

YEARS = [1990.0, 1990.5, 1991.0, 1992.0]
VALUES = [350.0, 351.0, 353.0, 352.0]
DATES = pd.date_range("2000-01-01", periods=4, freq="6h")


def write_csv(folder, text):
    path = folder / "record.csv"
    path.write_text(text)
    return path


def dataset(time, values=VALUES, **attributes):
    return xr.Dataset({"co2": ("time", values, attributes)}, coords={"time": time})


def write_netcdf(folder, data, engine="scipy"):
    path = folder / "record.nc"
    data.to_netcdf(path, engine=engine)
    return path


def test_csv_comments_are_skipped_and_numbers_are_model_time(tmp_path):
    path = write_csv(tmp_path, "# where from\n# more\nco2,time\n1,0.5\n2,0.75\n4,2\n")
    forcing = read_forcing(path, "co2", time_unit="ms")
    np.testing.assert_array_equal(forcing.times, [0.5, 0.75, 2.0])
    np.testing.assert_array_equal(forcing.values, [1.0, 2.0, 4.0])
    assert forcing.times.dtype == forcing.values.dtype == np.float64
    assert (forcing.unit, forcing.filled, forcing.trimmed, forcing.total) == ("", 0, 0, 3)


def test_csv_without_a_column_called_time_takes_the_first(tmp_path):
    path = write_csv(tmp_path, "year, co2\n1990, 350\n1991, 352\n")
    assert read_forcing(path, "co2", time_unit="year").times.tolist() == [1990.0, 1991.0]


def test_dates_become_decimal_years_for_a_system_in_years(tmp_path):
    path = write_csv(tmp_path, "time,co2\n1990-01-01,1\n1990-07-02T12:00,2\n1992-01-01,3\n")
    assert read_forcing(path, "co2", time_unit="year").times.tolist() == [1990.0, 1990.5, 1992.0]


@pytest.mark.parametrize(
    ("unit", "step"), [("s", 21600.0), ("ms", 2.16e7), ("min", 360.0), ("h", 6.0), ("day", 0.25)]
)
def test_dates_become_time_since_the_epoch_in_the_systems_unit(tmp_path, unit, step):
    path = write_netcdf(tmp_path, dataset(DATES))
    forcing = read_forcing(path, "co2", time_unit=unit, epoch="1999-12-31T18:00")
    np.testing.assert_allclose(forcing.times, step * np.arange(1, 5), rtol=1e-14)


def test_monthly_means_are_evenly_spaced_for_a_system_in_months(tmp_path):
    text = "time,co2\n2000-01-01,1\n2000-02-01,2\n2000-02-15T12:00,3\n2001-03-01,4\n"
    forcing = read_forcing(write_csv(tmp_path, text), "co2", time_unit="month", epoch="1999-12-01")
    assert forcing.times.tolist() == [1.0, 2.0, 2.5, 15.0]


def test_epoch_moves_decimal_years(tmp_path):
    path = write_csv(tmp_path, "time,co2\n1990-01-01,1\n1992-01-01,3\n")
    forcing = read_forcing(path, "co2", time_unit="year", epoch="1989-01-01")
    assert forcing.times.tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("time_unit", "epoch", "expected"),
    [("year", None, 2000 + 58 / 365), ("day", "2000-02-01", 27.0)],
)
def test_dates_of_other_calendars_are_understood(tmp_path, time_unit, epoch, expected):
    dates = xr.date_range("2000-02-28", periods=4, calendar="noleap", use_cftime=True)
    path = write_netcdf(tmp_path, dataset(dates))
    forcing = read_forcing(path, "co2", time_unit=time_unit, epoch=epoch)
    assert forcing.times[0] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(np.diff(forcing.times), 1 if epoch else 1 / 365, rtol=1e-6)


@pytest.mark.parametrize("kind", ["h5netcdf", "scipy", "zarr"])
def test_every_kind_of_file_gives_the_same_record(tmp_path, kind):
    data = dataset(YEARS, units="ppm")
    if kind == "zarr":
        path = tmp_path / "record.zarr"
        data.to_zarr(path, consolidated=False, zarr_format=3)
    else:
        path = write_netcdf(tmp_path, data, engine=kind)
    forcing = read_forcing(str(path), "co2", time_unit="year", interpolation="cubic")
    np.testing.assert_array_equal(forcing.times, YEARS)
    np.testing.assert_array_equal(forcing.values, VALUES)
    assert (forcing.unit, forcing.variable, forcing.interpolation) == ("ppm", "co2", "cubic")
    assert forcing.source == path


def test_dimensions_of_length_one_do_not_matter(tmp_path):
    path = write_netcdf(tmp_path, dataset(YEARS).expand_dims(place=["Mauna Loa"]))
    np.testing.assert_array_equal(read_forcing(path, "co2", time_unit="year").values, VALUES)


def test_gaps_are_interpolated_in_time_and_counted_and_missing_ends_left_out(tmp_path):
    path = write_csv(tmp_path, "time,co2\n0,\n1,10\n2,\n4,\n5,18\n6,17\n7,\n8,\n")
    forcing = read_forcing(path, "co2", time_unit="year")
    np.testing.assert_array_equal(forcing.times, [1, 2, 4, 5, 6])
    np.testing.assert_allclose(forcing.values, [10, 12, 16, 18, 17])
    assert (forcing.filled, forcing.trimmed, forcing.total) == (2, 3, 8)


def test_interpolant_passes_through_the_record(tmp_path):
    forcing = read_forcing(write_netcdf(tmp_path, dataset(YEARS)), "co2", time_unit="year")
    path = forcing.interpolant(np.float32)
    assert [float(path.evaluate(np.float32(t))) for t in YEARS] == VALUES


def test_hours_in_decimal_years_are_refused_in_float32_only(tmp_path):
    times = 2000 + np.arange(4) * 0.5 / 8766
    forcing = read_forcing(write_netcdf(tmp_path, dataset(times)), "co2", time_unit="year")
    with jax.enable_x64(True):
        assert forcing.interpolant(np.float64).times.dtype == np.float64
    with pytest.raises(ConfigError, match=r"float32.*use dtype float64, or an epoch"):
        forcing.interpolant(np.float32)


def test_run_inside_the_record_is_covered_and_rounding_at_its_ends_forgiven(tmp_path):
    forcing = read_forcing(write_netcdf(tmp_path, dataset(YEARS)), "co2", time_unit="year")
    forcing.check_covers(1990.0, 1992.0)
    forcing.check_covers(1990.25, np.nextafter(1992.0, 3000))


@pytest.mark.parametrize(
    ("t0", "t1", "remedy"),
    [
        (1950, 1991, "use --t0 1990.0 or later, or a longer"),
        (1990, 2000, "use --t1 1992.0 or earlier, or a longer"),
        (1950, 2000, "use --t0 1990.0 or later and --t1 1992.0 or earlier"),
    ],
)
def test_run_outside_the_record_is_refused_with_what_would_work(tmp_path, t0, t1, remedy):
    forcing = read_forcing(write_netcdf(tmp_path, dataset(YEARS)), "co2", time_unit="year")
    with pytest.raises(ConfigError, match=remedy) as error:
        forcing.check_covers(t0, t1)
    assert "1990 to 1992" in str(error.value)
    assert f"from {t0} to {t1}" in str(error.value)


def test_code_for_missing_is_found_by_the_range_of_the_parameter(tmp_path):
    path = write_csv(tmp_path, "time,co2\n1990,350\n1991,-99.99\n1992,353\n")
    forcing = read_forcing(path, "co2", time_unit="year")
    forcing.check_within(-100.0, 1000.0, "ppm")
    with pytest.raises(ConfigError, match=r"is -99\.99 at time 1991, outside \[10, 1000\] ppm"):
        forcing.check_within(10.0, 1000.0, "ppm")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,carbon\n1,2\n2,3\n", "no variable 'co2': known: carbon"),
        ("time,co2_ppm\n1,2\n2,3\n", "did you mean 'co2_ppm'"),
        ("time,co2\n1,2\n1,3\n", "row 1 .* the same time as the row before it: sort"),
        ("time,co2\n2,2\n1,3\n", "row 1 .* an earlier time than the row before it: sort"),
        ("time,co2\nspring,2\nsummer,3\n", "neither numbers nor dates such as 1958-03-01"),
        ("time,co2\n1,2\n,3\n", "time in row 1 is missing"),
        ("time,co2\n1990-01-01,2\n,3\n", "time in row 1 is missing"),
        ("time,co2\n1,2\n2,high\n", "no number: leave such values empty"),
        ("time,co2\n1,2\n2,inf\n", "infinite in row 1"),
        ("time,co2\n1,\n2,3\n", "has 1 values: at least two"),
        ("time,co2\n1,\n2,\n", "has 0 values: at least two"),
        ("", "cannot be read"),
        ("time,co2\n1,2,3\n2,3,4\n", "line 2 has 3 fields, but the first row names 2 columns"),
        ("# c\ntime,co2\n1,2 # c\n\n2\n", "line 5 has 1 fields, but .* empty where a value"),
        ("time;co2\n1;2\n2;3\n", "one column, 'time;co2': .* separated by commas, not by"),
        ("time co2\n1 2\n2 3\n", "one column, 'time co2': .* separated by commas, not by"),
        ("time,co2\n", "no rows below the names of its columns"),
        ("time,co2\n1,2\n", "has 1 values: at least two"),
    ],
)
def test_bad_tables_are_refused_with_the_remedy(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        read_forcing(write_csv(tmp_path, text), "co2", time_unit="year")


def test_blanks_comments_and_quotes_do_not_matter(tmp_path):
    text = 'time , "co2 #" , co2 # here\n\n1, 0, 2 # a, b\n   \n2 , 0, 3\n'
    forcing = read_forcing(write_csv(tmp_path, text), "co2", time_unit="year")
    assert forcing.values.tolist() == [2.0, 3.0]


def test_the_time_axis_is_no_variable_that_drives(tmp_path):
    path = write_csv(tmp_path, "time,co2\n1,2\n2,3\n")
    with pytest.raises(ConfigError, match=r"no variable 'time' but a coordinate .*: known: co2"):
        read_forcing(path, "time", time_unit="year")


def test_one_value_along_time_is_too_few(tmp_path):
    path = write_netcdf(tmp_path, dataset(YEARS).isel(time=[0]))
    with pytest.raises(ConfigError, match="has 1 values: at least two"):
        read_forcing(path, "co2", time_unit="year")


def test_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no file .*missing\.nc"):
        read_forcing(tmp_path / "missing.nc", "co2", time_unit="year")


@pytest.mark.parametrize("name", ["record.nc", "record.dat", "folder"])
def test_file_of_another_kind_is_refused(tmp_path, name):
    path = tmp_path / name
    if "." in name:
        path.write_bytes(b"not what the name says")
    else:
        path.mkdir()
    with pytest.raises(ConfigError, match="must be NetCDF, a zarr store, or CSV"):
        read_forcing(path, "co2", time_unit="year")


def test_missing_backend_is_answered_with_the_extra(tmp_path, monkeypatch):
    path = write_netcdf(tmp_path, dataset(YEARS))

    def refuse(*args, **kwargs):
        raise ValueError("did not find a match in any of xarray's currently installed IO backends")

    monkeypatch.setattr(sys.modules["parasim.io._forcing"], "find_spec", {}.get)
    monkeypatch.setattr(xr, "open_dataset", refuse)
    with pytest.raises(ConfigError, match=r"pip install 'parasim\[netcdf\]'"):
        read_forcing(path, "co2", time_unit="year")


def test_more_than_one_dimension_is_refused(tmp_path):
    path = write_netcdf(tmp_path, dataset(YEARS).expand_dims(place=["here", "there"]))
    with pytest.raises(ConfigError, match=r"dimensions \('place', 'time'\): .*isel"):
        read_forcing(path, "co2", time_unit="year")


def test_variable_without_a_time_axis_is_refused(tmp_path):
    data = xr.Dataset({"co2": ("time", VALUES), "mean": ((), 351.5)})
    path = write_netcdf(tmp_path, data)
    for name in ("co2", "mean"):
        with pytest.raises(ConfigError, match="has no time axis"):
            read_forcing(path, name, time_unit="year")


def test_unknown_interpolation_is_answered_with_near_ones(tmp_path):
    path = write_netcdf(tmp_path, dataset(YEARS))
    with pytest.raises(ConfigError, match="did you mean 'cubic'"):
        read_forcing(path, "co2", time_unit="year", interpolation="cubik")


def test_dates_without_an_epoch_are_refused_where_the_system_counts_no_years(tmp_path):
    path = write_netcdf(tmp_path, dataset(DATES))
    with pytest.raises(ConfigError, match="epoch = '2000-01-01'"):
        read_forcing(path, "co2", time_unit="ms")
    with pytest.raises(ConfigError, match="is no date"):
        read_forcing(path, "co2", time_unit="ms", epoch="yesterday")


def test_dates_are_refused_where_time_has_no_unit(tmp_path):
    path = write_netcdf(tmp_path, dataset(DATES))
    with pytest.raises(ConfigError, match="give the file a time axis of numbers"):
        read_forcing(path, "co2", time_unit="1", epoch="2000-01-01")


def test_numbers_in_another_unit_or_with_an_epoch_are_refused(tmp_path):
    data = dataset(YEARS)
    data["time"].attrs["units"] = "s"
    path = write_netcdf(tmp_path, data)
    assert read_forcing(path, "co2", time_unit="seconds").total == 4
    with pytest.raises(ConfigError, match="in 's', the system's time in 'ms': convert"):
        read_forcing(path, "co2", time_unit="ms")
    with pytest.raises(ConfigError, match="in 's', the system's time in 'month': convert"):
        read_forcing(path, "co2", time_unit="month")
    with pytest.raises(ConfigError, match="leave out the epoch"):
        read_forcing(path, "co2", time_unit="s", epoch="2000-01-01")
