import dataclasses
import json
import os
import warnings

import jax.numpy as jnp
import pytest

from parasim import CalibrationWarning, DeviceCosts, ParallelNewton, newton_scan
from parasim.integrators.decision._costs import device_costs
from parasim.integrators.decision._costs_cache import costs_file, costs_key, load_costs, save_costs
from tests.problems import PARALLEL_PAYS

COSTS = DeviceCosts(step=3.5e-8, iteration=6.1e-6, level=0.0, work=1e-7 / 3)
KEY = costs_key("diffrax", 3, jnp.float64, 8)


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PARASIM_CACHE_DIR", str(tmp_path / "parasim"))


def written(**changes):
    """Keep costs, then change what the file says; return the file."""
    file = save_costs(KEY, COSTS)
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | changes))
    return file


def test_what_is_kept_comes_back_and_nothing_is_left_beside_it():
    file = save_costs(KEY, COSTS)
    assert load_costs(KEY) == COSTS
    assert list(file.parent.iterdir()) == [file]


def test_the_steps_of_a_host_are_kept_beside_those_of_a_device_but_need_not_be_there():
    costs = dataclasses.replace(COSTS, host_step=2.5e-8)
    save_costs(KEY, costs)
    assert load_costs(KEY) == costs
    save_costs(KEY, COSTS)
    assert load_costs(KEY).host_step is None


def test_the_last_calibration_counts_also_where_files_have_coarse_times():
    first = save_costs(KEY, COSTS).stat()
    load_costs(KEY)
    last = save_costs(KEY, PARALLEL_PAYS)
    os.utime(last, ns=(first.st_atime_ns, first.st_mtime_ns))
    assert load_costs(KEY) == PARALLEL_PAYS


@pytest.mark.parametrize(
    "other",
    [
        {"size": 4},
        {"dtype": "float32"},
        {"interval": 16},
        {"steps": "scan"},
        {"device": "A100"},
        {"platform": "gpu"},
    ],
)
def test_costs_of_anything_else_are_not_used(other):
    save_costs(KEY, COSTS)
    assert load_costs(KEY._replace(**other)) is None


STALE = {"schema": 0}, {"versions": {"jax": "0.0.1", "parasim": "0.1.0"}}, {"versions": None}
ONES = dict.fromkeys(("step", "iteration", "level", "work"), 1.0)
WRONG = [{"step": -1.0}, {"step": 0.0}, {"work": "1.0"}, {"level": float("nan")}, {"work": None},
         {"iteration": True}, {"iteration": 10**400}, {"other": 1.0},
         {"host_step": 0.0}, {"host_step": None}]  # fmt: skip
DAMAGED = [
    {"about": {**KEY._asdict(), "size": 4}},
    {"about": []},
    {"seconds": {"step": 1.0}},
    {"seconds": [1.0, 1.0, 1.0, 1.0]},
    *({"seconds": ONES | wrong} for wrong in WRONG),
]


@pytest.mark.parametrize("changes", STALE)
def test_stale_costs_are_ignored_with_a_warning_that_says_how_to_renew_them(changes):
    file = written(**changes)
    with pytest.warns(CalibrationWarning, match="other versions.*parasim calibrate") as warned:
        assert load_costs(KEY) is None
    assert str(file) in str(warned[0].message)


@pytest.mark.parametrize("changes", DAMAGED)
def test_damaged_costs_are_ignored_with_a_warning(changes):
    written(**changes)
    with pytest.warns(CalibrationWarning, match="damaged; .*parasim calibrate"):
        assert load_costs(KEY) is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 10**5, b"3", b"[]", b"{}"])
def test_a_file_that_is_something_else_is_ignored_with_a_warning(content):
    save_costs(KEY, COSTS).write_bytes(content)
    with pytest.warns(CalibrationWarning, match=costs_file(KEY).name):
        assert load_costs(KEY) is None


def test_a_file_is_warned_of_once():
    written(schema=0)
    with pytest.warns(CalibrationWarning):
        load_costs(KEY)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_costs(KEY) is None


def test_a_folder_that_cannot_be_written_is_a_warning_that_says_what_to_do(tmp_path):
    (tmp_path / "parasim").write_text("a file")
    with pytest.warns(CalibrationWarning, match="PARASIM_CACHE_DIR"):
        assert save_costs(KEY, COSTS) is None
    assert load_costs(KEY) is None


def test_the_solver_takes_measured_costs_before_expected_ones():
    y0 = jnp.zeros(3)
    assert ParallelNewton().window_solver(y0).costs == device_costs("cpu", 3, 8, 3)
    save_costs(KEY, COSTS)
    assert ParallelNewton().window_solver(y0).costs == COSTS
    assert ParallelNewton(costs=PARALLEL_PAYS).window_solver(y0).costs == PARALLEL_PAYS
    for other in (y0.astype(jnp.float32), jnp.zeros(4)):
        expected = device_costs("cpu", other.size, 8, other.size)
        assert ParallelNewton().window_solver(other).costs == expected


def test_costs_of_an_inner_solver_s_steps_do_not_decide_for_a_scan():
    save_costs(costs_key("diffrax", 1, jnp.float64, 8), PARALLEL_PAYS)
    _, record = newton_scan(lambda c, x: (c, c), 1.0, jnp.zeros(1024), return_record=True)
    assert not record.parallel
