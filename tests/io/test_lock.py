"""One writer at a time."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from parasim._errors import StoreError
from parasim.io import StoreSession
from parasim.io._lock import Lock, Owner, _written, lock_key, read_owner
from parasim.io._objects import open_objects, write_object
from tests.stores import layout, made


def locked_by(path, **changes):
    """Leave the note of another process."""
    owner = replace(Owner.this_process(), **changes)
    write_object(open_objects(path), lock_key(), _written(owner))


def test_a_store_has_one_writer_and_the_message_says_who(tmp_path):
    with made(tmp_path / "s", layout()):
        message = rf"process {os.getpid()} of .* on .*sign of life \d s ago.*--force-unlock"
        with pytest.raises(StoreError, match=message):
            StoreSession.resume(tmp_path / "s", layout())
        with pytest.raises(StoreError, match="is being written by"):
            made(tmp_path / "s", layout(), overwrite=True)
    with StoreSession.resume(tmp_path / "s", layout()):
        pass


def test_a_process_that_is_gone_holds_nothing(tmp_path):
    with made(tmp_path / "s", layout()):
        pass
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    locked_by(tmp_path / "s", pid=gone.pid)
    StoreSession.resume(tmp_path / "s", layout()).__exit__(None, None, None)


@pytest.mark.skipif(sys.platform == "win32", reason="no zombies")
def test_a_process_that_was_killed_and_that_nobody_has_waited_for_holds_nothing(tmp_path):
    with made(tmp_path / "s", layout()):
        pass
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(killed.pid).create_time()
    locked_by(tmp_path / "s", pid=killed.pid, started=started)
    with pytest.raises(StoreError, match="is being written"):
        StoreSession.resume(tmp_path / "s", layout())
    os.kill(killed.pid, signal.SIGKILL)
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays
    StoreSession.resume(tmp_path / "s", layout()).__exit__(None, None, None)
    killed.communicate()


def test_a_process_that_has_the_number_of_one_that_is_gone_is_another(tmp_path):
    with made(tmp_path / "s", layout()):
        pass
    locked_by(tmp_path / "s", started=Owner.this_process().started - 100)
    StoreSession.resume(tmp_path / "s", layout()).__exit__(None, None, None)


def test_whether_a_process_elsewhere_is_gone_a_person_must_say(tmp_path):
    with made(tmp_path / "s", layout()):
        pass
    locked_by(tmp_path / "s", host="elsewhere", pid=1, seen=Owner.this_process().seen - 7200)
    with pytest.raises(StoreError, match=r"on elsewhere.*sign of life 2 hours ago"):
        StoreSession.resume(tmp_path / "s", layout())
    session = StoreSession.resume(tmp_path / "s", layout(), force_unlock=True)
    session.__exit__(None, None, None)


def test_a_lock_that_was_taken_is_not_released_by_the_one_who_had_it(tmp_path):
    with made(tmp_path / "s", layout()):
        pass
    store = open_objects(tmp_path / "s")
    with Lock(store, "s"):
        thief = Lock(store, "s", force=True)
    assert read_owner(store, lock_key()) == thief._owner
    thief.renew()
    thief.release()
    assert read_owner(store, lock_key()) is None
    with pytest.raises(StoreError, match="was taken over by somebody"):
        thief.renew()


def test_regions_have_locks_of_their_own(tmp_path):
    with made(tmp_path / "s", layout()):
        store = open_objects(tmp_path / "s")
        with Lock(store, "s", region=1), pytest.raises(StoreError, match="is being written"):
            Lock(store, "s", region=1)


def test_a_damaged_lock_is_replaced(tmp_path):
    with made(tmp_path / "s", layout()):
        pass
    write_object(open_objects(tmp_path / "s"), lock_key(), b"{")
    StoreSession.resume(tmp_path / "s", layout()).__exit__(None, None, None)
