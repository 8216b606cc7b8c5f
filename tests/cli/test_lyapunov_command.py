"""`parasim lyapunov`: what it says, what it draws, and what it refuses."""

import sys
from pathlib import Path

import pytest
from matplotlib import image

import parasim as package
from parasim.simulation import system_exponents

RUN = "lyapunov stuart-landau --t1 100 --dt 0.05 "


def test_it_says_what_system_exponents_measures(parasim):
    result = parasim(RUN + "--exponents all --transient 50 --plot l.png")
    assert result.exit_code == 0, result.output
    expected = system_exponents(
        "stuart-landau", t1=100, dt=0.05, exponents=None, transient=50,
        solver=package.ParallelNewton(),
    )  # fmt: skip
    assert f"{float(expected.values[1]):.6f}" in result.output
    for part in ("± ", "per time unit", "1.00", "Kaplan-Yorke", "32 blocks", "exponent 2", "sum"):
        assert part in result.output
    assert len(result.output.split("up to")[1].splitlines()) == 1 + 8
    assert image.imread("l.png").std() > 0.01


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("lyapunov stuart-landow --t1 100 --dt 0.05", 2, "did you mean 'stuart-landau'"),
        ("lyapunov henon --t1 100 --dt 2", 2, "whose dt is 1"),
        (RUN + "--exponents 3", 2, "there are 2 exponents"),
        (RUN + "--exponents some", 2, "a whole number or all"),
        (RUN + "--transient 100", 2, "less than the run"),
        (RUN + "--transient soon", 2, "transient must be a number"),
        (RUN + "--blocks 3", 2, "at least 8"),
        (RUN + "--set omegga=1", 2, "did you mean 'omega'"),
        (RUN + "--plot l.xyz", 2, ".png"),
        (RUN + "--plot no/l.png", 2, "no folder no"),
        (RUN + "--dtype float32", 2, "use float64"),
        ("lyapunov stuart-landau --t1 2000 --dt 20", 3, "stopped being finite"),
    ],
)
def test_errors_have_a_remedy_and_an_exit_code(parasim, tmp_path, arguments, code, said):
    result = parasim(arguments)
    assert result.exit_code == code, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert not any(tmp_path.iterdir())


def test_a_picture_without_matplotlib_names_the_extra(parasim, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    result = parasim(RUN + "--plot l.png")
    assert result.exit_code == 2
    assert "pip install 'parasim[plots]'" in result.output
    assert not Path("l.png").exists()
