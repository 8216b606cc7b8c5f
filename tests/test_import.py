"""What importing parasim loads, and what it must not load: each in a process of its own."""

import subprocess
import sys

import pytest

import parasim

STORE_AND_SCREEN = {"xarray", "zarr", "dask", "click", "rich", "pandas"}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that are loaded after a statement in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in finished.stdout.splitlines()[-1].split()}


def test_import_parasim_loads_no_numerics():
    assert not loaded_by("import parasim") & (STORE_AND_SCREEN | {"jax", "numpy", "scipy"})


@pytest.mark.parametrize(
    "statement",
    [
        "import parasim; from parasim import ParallelNewton; ParallelNewton()",
        "import parasim.integrators",
    ],
)
def test_the_solver_needs_only_jax_and_diffrax(statement):
    modules = loaded_by(statement)
    assert "diffrax" in modules
    assert not modules & STORE_AND_SCREEN


def test_reading_stores_and_data_needs_no_jax():
    assert not loaded_by("import parasim.io") & {"jax", "diffrax"}


def test_analyses_need_neither_jax_nor_the_command_line():
    loaded = loaded_by("import parasim.analyses")
    assert "xarray" in loaded
    assert not loaded & {"jax", "diffrax", "click", "matplotlib"}


def test_info_and_cite_need_no_jax(tmp_path):
    parasim.simulate("lorenz63", t1=0.1, dt=0.01, store=tmp_path / "s.zarr")
    statement = "import parasim.cli"
    for command in ("info", "cite"):
        arguments = [command, str(tmp_path / "s.zarr")]
        statement += f"\nparasim.cli.main({arguments!r}, 'parasim', None, False)"
    assert not loaded_by(statement) & {"jax", "diffrax"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help"], "Usage: parasim"),
        (["run", "--help"], "--t1"),
        (["lyapunov", "--help"], "--plot"),
        (["calibrate", "-h"], "--dt"),
        (["analyze", "--help"], "power-spectrum"),
        (["--version"], "parasim "),
    ],
)
def test_the_command_line_answers_without_jax(arguments, said):
    statement = f"import parasim.cli\nparasim.cli.main({arguments!r}, 'parasim', None, False)"
    assert not loaded_by(statement) & {"jax", "numpy", "xarray", "zarr", "dask"}
    command = [sys.executable, "-m", "parasim", *arguments]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said in finished.stdout


def test_importing_leaves_x64_alone():
    code = "import parasim, jax; [getattr(parasim, n) for n in parasim.__all__]; "
    code += "assert not jax.config.jax_enable_x64"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", parasim.__all__)
def test_every_public_name_resolves(name):
    assert getattr(parasim, name) is not None
    assert name in dir(parasim)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'ParalelNewton'"):
        parasim.ParalelNewton  # noqa: B018
