"""`parasim calibrate`, with measurements that are made up."""

import dataclasses

import pytest

from parasim import CalibrationWarning, DeviceCosts
from parasim.integrators.decision._costs_cache import costs_key, load_costs

FAST_PARALLEL = DeviceCosts(step=1e-5, iteration=4e-5, level=3e-5, work=0.0)


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Answer every measurement by the same costs, and remember what was asked for."""
    asked = {}

    def calibrate(term, solver, y0, args, *, dt0, save):
        asked.update(solver=solver, y0=y0, args=args, dt0=dt0)
        return FAST_PARALLEL

    monkeypatch.setattr("parasim.simulation.insight._calibrate.calibrate", calibrate)
    monkeypatch.setenv("PARASIM_CACHE_DIR", str(tmp_path / "cache"))
    return asked


def test_it_says_what_was_measured_and_keeps_it(parasim, measured, tmp_path):
    result = parasim("calibrate lorenz96 --set sites=12 --set F=4 --dtype float32 --dt 1/20")
    assert result.exit_code == 0, result.output
    for part in ("lorenz96: 12 variables, float32, tsit5", "10 us, one after the other",
                 "1,024 steps  10200 us         250 us", f"{tmp_path / 'cache'}"):  # fmt: skip
        assert part in result.output
    assert load_costs(costs_key("diffrax", 12, "float32", 8)) == FAST_PARALLEL
    assert measured["y0"]["x"].dtype == "float32"
    assert measured["args"]["F"] == 4
    assert measured["dt0"] == 1 / 20


def test_it_says_from_how_many_iterations_on_parallel_loses(parasim, measured):
    """A window of 1,024 steps saves 896 steps of 10 us; an iteration takes 40 + 7 * 30 us."""
    assert "from 36 iterations on" in parasim("calibrate lorenz63").output


def test_where_parallel_never_pays_it_says_so(parasim, measured, monkeypatch):
    slow = DeviceCosts(step=3e-8, iteration=5e-6, level=0.0, work=1e-7)
    monkeypatch.setattr("parasim.simulation.insight._calibrate.calibrate", lambda *_, **__: slow)
    shown = parasim("calibrate lorenz63").output
    assert shown.count("always") == 3
    assert "0.03 us" in shown


def test_beside_an_accelerator_it_says_what_steps_take_on_the_cpu(parasim, measured, monkeypatch):
    """A window of 1,024 steps saves 1,024 steps of 5 us, less 128 of 10."""
    costs = dataclasses.replace(FAST_PARALLEL, host_step=5e-6)
    monkeypatch.setattr("parasim.simulation.insight._calibrate.calibrate", lambda *_, **__: costs)
    shown = parasim("calibrate lorenz63").output
    assert "10 us, one after the other" in shown
    assert "on the CPU  5 us: `parasim run` steps there" in shown
    assert "1,024 steps  5120 us" in shown
    assert "from 16 iterations on" in shown


def test_a_folder_that_cannot_be_written_is_a_warning(parasim, measured, tmp_path):
    (tmp_path / "cache").write_text("a file")
    import warnings

    from click.testing import CliRunner

    from parasim.cli import main

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result = CliRunner().invoke(main, ["calibrate", "lorenz63"])
    assert result.exit_code == 0
    assert "nothing: see the warning" in result.output
    assert [w.category for w in warned] == [CalibrationWarning]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ("lorenz36", "did you mean 'lorenz"),
        ("lorenz63 --dtype float16", "dtype must be float32 or float64"),
        ("lorenz63 --dt 0", "dt must be positive"),
        ("lorenz63 --dt small", "dt must be a number or a fraction"),
        ("lorenz63 --set rhoo=28", "did you mean 'rho'"),
        ("lorenz63 --set rho=high", "rho must be a number"),
        ("lorenz63 --solver tsit", "did you mean 'tsit5'"),
        ("", "Missing argument"),
    ],
)
def test_what_cannot_be_measured_is_exit_code_2(parasim, measured, arguments, remedy):
    result = parasim(f"calibrate {arguments}")
    assert result.exit_code == 2, result.output
    assert remedy in result.output
    assert not measured
