"""The state of repositories, and that nothing fails where there is none."""

import os
import shutil
import subprocess

import pytest

from parasim.simulation.provenance import _git
from parasim.simulation.provenance._git import git_state


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "repository"
    (folder / "inner").mkdir(parents=True)
    git(folder, "init", "--quiet")
    return folder


def git(folder, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(folder, text="one"):
    (folder / "model.py").write_text(text)
    git(folder, "add", "model.py")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


def test_a_repository_is_described_once_from_anywhere_in_it(repository, tmp_path):
    made = commit(repository)
    folders = [repository, repository / "inner", tmp_path]
    assert git_state(folders) == {str(repository): {"commit": made, "dirty": False}}


def test_changes_of_tracked_files_are_told_apart(repository):
    commit(repository)
    states = []
    for text in ("two", "three", "two"):
        (repository / "model.py").write_text(text)
        states.append(git_state([repository])[str(repository)])
    assert all(state["dirty"] for state in states)
    assert states[0] == states[2] != states[1]
    git(repository, "add", "model.py")  # staged or not
    assert git_state([repository])[str(repository)] == states[0]


def test_files_that_are_not_tracked_do_not_count(repository):
    commit(repository)
    (repository / "output.zarr").touch()
    assert not git_state([repository])[str(repository)]["dirty"]


def test_no_repository_and_one_without_a_commit_are_left_out(repository, tmp_path):
    assert git_state([tmp_path, repository, tmp_path / "missing"]) == {}


def test_an_installed_package_is_in_nobodys_repository(repository):
    commit(repository)
    assert git_state([repository / ".venv" / "site-packages" / "package"]) == {}


def test_the_repository_of_a_hook_is_not_taken_for_that_of_the_folder(repository, monkeypatch):
    made = commit(repository)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert git_state([repository])[str(repository)]["commit"] == made


def test_without_git_nothing_is_said(repository, monkeypatch):
    commit(repository)
    monkeypatch.setenv("PATH", "")
    assert git_state([repository]) == {}


def replace_git(folder, monkeypatch, script):
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o700)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(_git, "_SECONDS", 0.5)


def test_git_is_not_waited_for(repository, tmp_path, monkeypatch):
    commit(repository)
    replace_git(tmp_path / "bin", monkeypatch, "exec sleep 60")
    assert git_state([repository]) == {}


def test_the_commit_of_a_repository_that_takes_long_to_look_through(
    repository, tmp_path, monkeypatch
):
    made = commit(repository)
    slow = f'case "$*" in *status*) exec sleep 60;; esac; exec {shutil.which("git")} "$@"'
    replace_git(tmp_path / "bin", monkeypatch, slow)
    assert git_state([repository]) == {str(repository): {"commit": made}}
