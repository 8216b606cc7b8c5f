"""Models of the user's own are named by the file or the module that they are in."""

import numpy as np
import pytest
from click.testing import CliRunner

import parasim
from parasim import ConfigError, System, simulate
from parasim.cli import main
from parasim.plugins._own_code import names_code, own_system_factory, own_vector_field

FIELD = """
import jax.numpy as jnp
def decay(t, y, args):
    return -args["rate"] * y
def rotation(t, y, args):
    return {"p": y["q"], "q": -y["p"]}
"""

FACTORY = """
from parasim import Parameter, System, Variable
def growth(sites: int = 3):
    import numpy as np
    return System(
        name="growth",
        vector_field=lambda t, y, args: {"n": args["rate"] * y["n"]},
        initial_state=lambda params, seed: {"n": np.ones(sites)},
        params={"rate": Parameter(0.1, "1/year", 0.0, 1.0)},
        variables={"n": Variable("1", ("site",))},
        time_unit="year",
        description="exponential growth",
        citation="",
    )
one = growth(1)
number = 3
def wrong():
    return 3
def failing():
    return 1 / 0
"""


@pytest.fixture
def file(tmp_path):
    def written(text, name="own_model"):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return str(path)

    return written


def test_a_name_of_code_has_a_place_and_a_name():
    assert names_code("model.py:field")
    assert names_code("package.module:factory")
    assert not any(map(names_code, ("lorenz63", "model.py", "model.py:", ":field", "a:b c", None)))


def test_a_vector_field_runs_with_the_state_and_the_parameters_that_are_given(file):
    name = file(FIELD) + ":decay"
    run = simulate(name, params={"rate": 2.0}, y0={"y": [1.0, 3.0]}, t1=1.0, dt=0.01)
    np.testing.assert_allclose(run["y"][-1], np.exp(-2) * np.array([1.0, 3.0]), rtol=1e-8)
    assert '"module": "own_model"' in run.attrs["plugins"]


def test_several_names_make_the_state_a_dictionary(file):
    name = file(FIELD) + ":rotation"
    run = simulate(name, y0={"p": 0.0, "q": 1.0}, t1=1.0, dt=0.01)
    assert float(run["p"][-1]) == pytest.approx(np.sin(1.0), rel=1e-8)


def test_a_function_that_makes_a_system_takes_options_and_parameters(file):
    name = file(FACTORY, "own_factory") + ":growth"
    run = simulate(name, params={"sites": 2, "rate": 0.5}, t1=1.0, dt=0.01)
    np.testing.assert_allclose(run["n"][-1], np.exp([0.5, 0.5]), rtol=1e-8)
    assert run["time"].attrs["units"] == "year"
    assert isinstance(own_system_factory(name.replace("growth", "one"))(), System)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("decya", "has no 'decya': did you mean 'decay'"),
        ("jnp", "must be a vector field"),
    ],
)
def test_what_is_not_there_or_no_model_is_refused(file, name, message):
    with pytest.raises(ConfigError, match=message):
        own_vector_field(f"{file(FIELD, 'own_wrong')}:{name}")


def test_code_that_fails_is_said(file, tmp_path):
    with pytest.raises(ConfigError, match=r"there is no file .*nothing\.py"):
        own_vector_field(f"{tmp_path}/nothing.py:field")
    with pytest.raises(ConfigError, match="failed: SyntaxError"):
        own_vector_field(file("def f(:", "own_syntax") + ":f")
    with pytest.raises(ConfigError, match="failed: ModuleNotFoundError"):
        own_vector_field("no_such_package.module:field")
    made = file(FACTORY, "own_failing")
    with pytest.raises(ConfigError, match="makes int: it must be"):
        own_system_factory(f"{made}:wrong")()
    with pytest.raises(ConfigError, match="failed: ZeroDivisionError"):
        own_system_factory(f"{made}:failing")()
    with pytest.raises(ConfigError, match="is int: it must be"):
        own_system_factory(f"{made}:number")


def test_a_run_file_names_code_beside_it_and_the_store_is_resumed_from_anywhere(
    file, tmp_path, monkeypatch
):
    file(FIELD, "own_decay")
    (tmp_path / "run.toml").write_text(
        'system = "own_decay.py:decay"\nt1 = 20.48\ndt = 0.01\nout = "s.zarr"\n'
        "[y0]\ny = 1.0\n[set]\nrate = 0.5\n"
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = CliRunner().invoke(main, ["run", str(tmp_path / "run.toml")])
    assert (run.exit_code, run.exception) == (0, None)
    assert f"Running the code in {tmp_path}/own_decay.py." in run.output
    longer = CliRunner().invoke(main, ["resume", "--extend", "30.72", str(tmp_path / "s.zarr")])
    assert (longer.exit_code, longer.exception) == (0, None)
    end = parasim.open(tmp_path / "s.zarr")["y"][-1]
    assert float(end) == pytest.approx(np.exp(-15.36), rel=1e-6)


def test_what_own_code_prints_does_not_get_into_the_output(tmp_path, capsys):
    (tmp_path / "talks.py").write_text("print('hello')\ndef field(t, y, args): return -y\n")
    assert own_vector_field(f"{tmp_path}/talks.py:field") is not None
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "hello\n"


def test_own_code_that_ends_the_process_is_said_to(tmp_path):
    (tmp_path / "script.py").write_text("import sys\nsys.exit(7)\n")
    with pytest.raises(ConfigError, match="SystemExit: 7"):
        own_vector_field(f"{tmp_path}/script.py:field")
