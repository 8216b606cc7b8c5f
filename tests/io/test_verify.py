"""What is missing or damaged is found, named, and nothing else."""

from contextlib import suppress

import numpy as np
import pytest
import zarr

from parasim.io import Encoding, verify_store
from tests.stores import layout, made, mark, rows, window, write


@pytest.fixture
def store(tmp_path):
    plan = layout(encoding=Encoding(chunk_rows=4))
    write(tmp_path / "s", plan, rows(0, 11) | window(2))
    return tmp_path / "s"


def flipped(path):
    content = bytearray(path.read_bytes())
    content[1] ^= 1
    path.write_bytes(content)


def test_a_store_that_is_as_it_was_written_is_sound(store):
    found = verify_store(store)
    assert found.sound
    assert found.files == 3 + 3 + 1 + 2  # x, u, mode; time and window_time


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda path: path.unlink(), "missing"),
        (flipped, "damaged: its checksum is wrong"),
        (lambda path: path.write_bytes(path.read_bytes()[:-3]), "damaged: its checksum is wrong"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(b"12"), "damaged"),
    ],
)
def test_every_kind_of_damage_is_found(tmp_path, compression, harm, problem):
    plan = layout(encoding=Encoding(chunk_rows=4, compression=compression))
    write(tmp_path / "s", plan, rows(0, 11) | window(2))
    harm(tmp_path / "s" / "u" / "c" / "1" / "0")
    (damage,) = verify_store(tmp_path / "s").damages
    assert damage.problem.startswith(problem)
    assert (damage.variable, damage.key) == ("u", "u/c/1/0")
    assert (damage.first, damage.stop, damage.along, damage.region) == (4, 8, "time", 0)


def test_coordinates_and_what_is_about_windows_are_checked_too(store):
    flipped(store / "time" / "c" / "0")
    (store / "mode" / "c" / "0").unlink()
    found = {damage.variable: damage for damage in verify_store(store).damages}
    assert found["time"].region == -1
    assert (found["mode"].along, found["mode"].stop) == ("window", 2)


def interrupted(path, plan):
    with suppress(KeyboardInterrupt), made(path, plan) as session, session.writer() as writer:
        writer.put(rows(0, 5), mark(4))
        raise KeyboardInterrupt


def test_what_has_not_been_committed_is_not_missed(tmp_path):
    interrupted(tmp_path / "s", layout(encoding=Encoding(chunk_rows=4)))
    found = verify_store(tmp_path / "s")
    assert found.sound
    assert found.files == 2 + 2 + 2


def test_a_committed_state_that_is_not_a_number_is_damage(store):
    """As a process leaves it that writes although it was taken for dead."""
    array = zarr.open_array(store, path="x", mode="r+")
    array[9:] = np.nan
    (damage,) = verify_store(store).damages
    assert damage.problem == "not finite, which no run commits"


@pytest.mark.parametrize("name", ["commit", "checkpoint"])
def test_a_region_whose_progress_cannot_be_read_is_lost(tmp_path, name):
    interrupted(tmp_path / "s", layout())
    for file in (tmp_path / "s" / "parasim_run" / name / "c").rglob("0"):
        if file.is_file():
            flipped(file)
    for file in (tmp_path / "s" / "parasim_run" / name / "c").rglob("1"):
        if file.is_file():
            flipped(file)
    found = verify_store(tmp_path / "s")
    assert found.lost == (0,)
    assert not found.sound
