"""Run files and flags become one configuration."""

from pathlib import Path

import pytest

from parasim._errors import ConfigError
from parasim.simulation import InputFile, RunConfig, make_config, plan_config, read_run_file
from parasim.simulation.planning._config import request_config

FLAGS = {"system": "lorenz63", "t1": "1", "dt": "1/100", "out": "s.zarr"}


def test_text_becomes_numbers_and_what_is_left_out_has_its_default():
    config = make_config(FLAGS | {"set": {"sites": "36", "F": "8.5"}, "y0": {"x": "1,2"}})
    assert config == RunConfig(
        system="lorenz63",
        t1=1.0,
        dt=0.01,
        out=Path("s.zarr"),
        set={"sites": 36, "F": 8.5},
        y0={"x": [1.0, 2.0]},
    )
    assert isinstance(config.set["sites"], int)


def test_a_flag_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    (tmp_path / "run.toml").write_text(
        """
        system = "energy-balance"
        t1 = 2000
        dt = "1/12"
        out = "ebm.zarr"
        steps = 64
        [set]
        feedback = 1.2
        exchange = 0.7
        [input.co2]
        file = "data/co2.csv"
        epoch = 1958-01-01
        """
    )
    from_file = read_run_file(tmp_path / "run.toml")
    flags = {"steps": 32, "set": {"feedback": "1.0"}, "input": {"co2": {"interpolation": "cubic"}}}
    config = make_config(flags, from_file)
    assert (config.steps, config.every, config.dt) == (32, 1, 1 / 12)
    assert config.set == {"feedback": 1.0, "exchange": 0.7}
    assert config.out == tmp_path / "ebm.zarr"  # relative to the file
    assert config.input["co2"] == InputFile(
        file=tmp_path / "data/co2.csv", interpolation="cubic", epoch="1958-01-01"
    )


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"sytem": "x"}, "did you mean 'system'"),
        ({"t1": "soon"}, "t1 must be a number or a fraction such as 1/12"),
        ({"t1": "1/0"}, "t1 must be a number"),
        ({"t1": True}, "t1 must be a number"),
        ({"t1": "nan"}, "t1 must be a finite number"),
        ({"dt": float("inf")}, "dt must be a finite number"),
        ({"t1": "1" * 400 + "/1"}, "t1 must be a finite number, not inf"),
        ({"t1": 10**400}, "t1 must be a finite number, not inf"),
        ({"set": {"rho": "+-5"}}, r"set: rho must be a number .* not '\+-5'"),
        ({"set": {"rho": "9" * 400}}, "set: rho must be a finite number, not inf"),
        ({"set": {"rho": 10**400}}, "set: rho must be a finite number, not inf"),
        ({"out": "a\0.zarr"}, r"must be a path such as 'run\.zarr'"),
        ({"every": 1.5}, "every must be a whole number"),
        ({"system": 3}, "system must be a string"),
        ({"solver": "tsit6"}, "did you mean 'tsit5'"),
        ({"dtype": "float16"}, "'float32'"),
        ({"overwrite": "yes"}, "overwrite must be true or false"),
        ({"set": 3}, r"set must be a table, \[set\]"),
        ({"set": {"rho": "high"}}, "set: rho must be a number"),
        ({"y0": {"x": "1,b"}}, "y0: x must be a number"),
        ({"input": {"co2": {"variable": "co2"}}}, "file is missing"),
        ({"input": {"co2": {"fil": "x"}}}, "did you mean 'file'"),
        ({"input": {"co2": {"file": 3}}}, "must be a string"),
        ({"input": {"co2": 3}}, "must be a table"),
    ],
)
def test_a_wrong_key_or_type_names_the_remedy(changes, remedy):
    with pytest.raises(ConfigError, match=remedy):
        make_config({}, FLAGS | changes)


@pytest.mark.parametrize("key", ["system", "t1", "out"])
def test_what_is_missing_is_named_with_the_way_to_give_it(key):
    with pytest.raises(ConfigError, match=rf"{key} is missing: .*{key} = \.\.\."):
        make_config({name: value for name, value in FLAGS.items() if name != key})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("system = \n", "line 1, column 10"),
        ('t1 = 1\nsystem = "lorenz', "line 2, column 17"),
        ("[set\nrho = 1", "line 1, column 5"),
    ],
)
def test_a_syntax_error_is_placed(tmp_path, text, place):
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(ConfigError, match=place):
        read_run_file(tmp_path / "run.toml")


def test_a_number_of_thousands_of_digits_in_a_run_file_is_refused(tmp_path):
    (tmp_path / "run.toml").write_text("t1 = " + "1" * 5000)
    with pytest.raises(ConfigError, match="no valid TOML"):
        read_run_file(tmp_path / "run.toml")


def test_a_url_in_a_run_file_stays_as_it_was_written(tmp_path):
    (tmp_path / "run.toml").write_text('out = "s3://b/x.zarr"')
    config = make_config({**FLAGS, "out": None} | read_run_file(tmp_path / "run.toml"))
    assert config.out == "s3://b/x.zarr"


def test_a_run_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no run file .*run\.toml"):
        read_run_file(tmp_path / "run.toml")
    (tmp_path / "run.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot read the run file"):
        read_run_file(tmp_path / "run.toml")


def test_a_run_driven_by_a_relative_path_is_the_same_run_from_any_folder(tmp_path, monkeypatch):
    """Its store is gone on with from what the store says, where paths are absolute."""
    (tmp_path / "wind.csv").write_text("time,wind\n0,0\n9,1\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    config = make_config(
        {"system": "recharge-oscillator", "t1": "4", "dt": "1/4", "out": "s.zarr"}
        | {"input": {"wind": {"file": "wind.csv"}}}
    )
    plan, request = plan_config(config), config.request
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = plan_config(request_config(request, tmp_path / "s.zarr"))
    assert again.configuration == plan.configuration
    (tmp_path / "wind.csv").write_text("time,wind\n0,0\n9,2\n")
    other = plan_config(request_config(request, tmp_path / "s.zarr")).configuration["input"]
    before = plan.configuration["input"]["wind"]
    assert {key for key in before if before[key] != other["wind"][key]} == {"sha256"}
