"""A place that a process has claimed is refused to others, and free once that process is gone, however it went."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rtl_gen.claim import LOCK, InUseError, PlaceError, claimed_file, claimed_folder, is_claimed
from rtl_gen.contract.errors import USAGE

HOLD = """
import sys, time
from pathlib import Path
from rtl_gen import claim
with getattr(claim, sys.argv[1])(Path(sys.argv[2]), "Run"):
    print("held", flush=True)
    sys.stdin.read()
"""
CLAIMS = {"claimed_folder": claimed_folder, "claimed_file": claimed_file}


def holder(kind, path):
    """A process that holds ``path`` until it is told to end."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, kind, str(path)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("kind", CLAIMS)
def test_what_another_process_holds_is_refused(kind, tmp_path):
    path = tmp_path / "runs" / "twin"
    other = holder(kind, path)
    try:
        with pytest.raises(InUseError, match=f"^Run {re.escape(str(path))} is being written by process {other.pid} on "
                                             r"\S+; wait until that has ended, or choose another place$") as caught:
            CLAIMS[kind](path, "Run").__enter__()
        assert caught.value.exit_code == USAGE
    finally:
        other.communicate("")
    with CLAIMS[kind](path, "Run"):
        pass
    assert not list(tmp_path.iterdir())     # nothing was written, and nothing stays


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_process_that_was_killed_holds_nothing(kind, tmp_path):
    path = tmp_path / "twin"
    other = holder(kind, path)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert list(tmp_path.rglob("*lock"))    # its file is there
    with CLAIMS[kind](path, "Run"):
        pass
    assert not list(tmp_path.rglob("*lock"))


def test_who_waits_comes_next(tmp_path):
    other = holder("claimed_folder", tmp_path / "a")
    assert is_claimed(tmp_path / "a")
    waiting = subprocess.Popen([sys.executable, "-c", HOLD.replace('"Run")', '"Run", wait=True)'), "claimed_folder",
                                str(tmp_path / "a")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    other.communicate("")
    assert waiting.stdout.readline() == "held\n"
    assert is_claimed(tmp_path / "a")
    waiting.communicate("")
    assert not is_claimed(tmp_path / "a")


def test_one_process_may_claim_a_place_several_times(tmp_path):
    with claimed_folder(tmp_path / "a", "Run"):
        with claimed_folder(tmp_path / "b" / ".." / "a", "Run"):
            assert not is_claimed(tmp_path / "a")
        assert (tmp_path / "a" / LOCK).exists()
        (tmp_path / "a" / "kept").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept"]


@pytest.mark.parametrize("kind", CLAIMS)
@pytest.mark.parametrize(("path", "why"), [
    ("file/run", r"Folder \S+ cannot be made: \S+file is a file"),
    ("file/deep/run", r"Folder \S+ cannot be made: \S+file is a file"),
    ("dead/run", r"Folder \S+ cannot be made: \S+dead is a link to nowhere, which is not there"),
    ("n" * 300 + "/run", r"Folder \S+ cannot be made: File name too long"),
    ("/proc/nothing/run", r"Folder \S+ cannot be made: No such file or directory"),
])
def test_a_place_that_cannot_be_is_said_at_once(kind, tmp_path, monkeypatch, path, why):
    (tmp_path / "file").touch()
    (tmp_path / "dead").symlink_to("nowhere")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(PlaceError, match=f"^{why}; choose another place$") as caught:
        CLAIMS[kind](tmp_path / path, "Run").__enter__()
    assert caught.value.exit_code == USAGE
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc, which takes no files")
@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(("kind", "place"), [("claimed_folder", "/proc"), ("claimed_file", "/proc/x")])
def test_a_folder_that_takes_no_files_is_not_held_by_anyone(kind, place, wait):
    with pytest.raises(PlaceError, match=f"^Run {place} cannot be written: nothing can be made in /proc; choose "
                                         "another place$"):
        CLAIMS[kind](Path(place), "Run", wait=wait).__enter__()


def test_a_name_too_long_is_said_at_once(tmp_path):
    with pytest.raises(PlaceError, match=r"^Run \S+ cannot be written: File name too long; choose another place$"):
        claimed_file(tmp_path / ("n" * 254), "Run").__enter__()


def test_where_files_cannot_be_locked_work_goes_on(tmp_path, monkeypatch, capsys):
    def refused(*arguments):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    with claimed_folder(tmp_path / "a", "Run"):
        pass
    assert capsys.readouterr().err == (f"Run {tmp_path / 'a'} lies where files cannot be locked; see to it that no "
                                       "other process writes there\n")
    assert not (tmp_path / "a").exists()
