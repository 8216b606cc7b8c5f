"""`parasim plot`: what it writes, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from parasim.analyses.pictures import KINDS
from parasim.cli import _plot
from tests.analyses.series import dataset, unfinished


@pytest.fixture
def store(tmp_path):
    """Make a store with members, of a run that goes on."""
    members = np.sin(np.arange(300) / 10)[:, None] * np.arange(1, 4)
    made = dataset(step=1.0, v=(("time", "member"), members), w=np.arange(300.0))
    made.attrs["title"] = "a <wave> & $more$"
    unfinished(made).chunk(time=64).to_zarr(tmp_path / "s.zarr", zarr_format=2)


@pytest.mark.usefixtures("store")
def test_a_picture_has_the_name_of_the_store_and_replaces_nothing(parasim):
    result = parasim("plot s.zarr")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("s.png, ")
    assert image.imread("s.png").std() > 0.01
    result = parasim("plot s.zarr")
    assert result.exit_code == 4
    assert "--overwrite" in result.output
    assert parasim("plot s.zarr --overwrite --quiet").output == ""


@pytest.mark.usefixtures("store")
def test_a_choice_of_variables_members_and_times(parasim):
    result = parasim("plot s.zarr --kind series --variables v --select member=2,0 --t0 10 --t1 20 "
                     "--out p.svg")  # fmt: skip
    assert result.exit_code == 0, result.output
    text = Path("p.svg").read_text()
    assert "member 2" not in text  # places have numbers where there are no values
    assert ">member 0<" in text
    assert ">potential (mV)<" not in text
    assert ">v (mV)<" in text
    assert "a &lt;wave&gt; &amp; $more$" in text


@pytest.mark.usefixtures("store")
def test_dry_run_says_what_would_be_drawn(parasim):
    result = parasim("plot s.zarr --out p.png --dry-run")
    assert result.exit_code == 0, result.output
    for part in ("series, phase", "p.png", "Nothing was drawn"):
        assert part in result.output
    assert not Path("p.png").exists()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("plot s.zarr --kind seires", 2, "did you mean 'series'"),
        ("plot s.zarr --variables x", 2, "no variable 'x'"),
        ("plot s.zarr --kind phase --variables v", 2, "needs two variables"),
        ("plot s.zarr --kind space-time --variables w", 2, "no dimension"),
        ("plot s.zarr --kind growth", 2, "does not say how differences grew"),
        ("plot s.zarr --t0 nan", 2, "t0 must be a finite number"),
        ("plot s.zarr --t0 1000", 2, "nothing between"),
        ("plot s.zarr --select membr=1", 2, "did you mean 'member'"),
        ("plot s.zarr --out p.xyz", 2, ".png"),
        ("plot s.zarr --out no/p.png", 2, "no folder no"),
        ("plot s.zarr --out s.zarr", 2, "such as .png"),
        ("plot s.zarr --show", 2, "write a file with --out"),
        ("plot nothing.zarr", 4, "there is no store nothing.zarr"),
    ],
)
def test_what_cannot_be_drawn_is_refused(parasim, tmp_path, arguments, code, said):
    result = parasim(arguments)
    assert result.exit_code == code, result.output
    assert said in result.output
    assert {path.name for path in tmp_path.iterdir()} == {"s.zarr"}


def test_the_kinds_that_help_names_are_those_that_there_are(parasim):
    assert _plot.KINDS == KINDS
    said = parasim("plot --help").output
    assert all(f" {kind} " in said for kind in KINDS)
