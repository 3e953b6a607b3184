import json
import os
import re
from pathlib import Path

import pytest

from board import plan as plan_module
from board.plan import MANIFEST, BuildError, BuildPlan, read_manifest, verify, write
from rtl_gen.contract.errors import USAGE

FILES = {"top.v": b"module top; endmodule\n", "driver/host.py": b"HOST = 1\n", "build.sh": b"#!/bin/sh\n"}


def a_plan(**files):
    return BuildPlan("small-pynq-z2", {"board": "pynq-z2"}, FILES | {k.replace("_", "."): v for k, v in files.items()})


def test_digest_names_every_byte_and_name_and_fact():
    base = a_plan().digest
    assert base == BuildPlan("small-pynq-z2", {"board": "pynq-z2"}, dict(reversed(FILES.items()))).digest
    assert base != BuildPlan("other", {"board": "pynq-z2"}, FILES).digest
    assert base != BuildPlan("small-pynq-z2", {"board": "other"}, FILES).digest
    assert base != BuildPlan("small-pynq-z2", {"board": "pynq-z2", "top": "top"}, FILES).digest
    assert base != a_plan(top_v=b"module top;  endmodule\n").digest
    assert base != BuildPlan("small-pynq-z2", {"board": "pynq-z2"}, {**FILES, "top.w": FILES["top.v"]}).digest
    assert base != a_plan(x_v=b"").digest


def test_written_folder_verifies(tmp_path):
    folder = tmp_path / "build" / "small-pynq-z2"
    write(a_plan(), folder)
    manifest = verify(folder)
    assert manifest["board"] == "pynq-z2"
    assert manifest["digest"] == a_plan().digest
    assert {path for path in FILES if (folder / path).read_bytes() == FILES[path]} == set(FILES)
    assert os.access(folder / "build.sh", os.X_OK)
    assert not os.access(folder / "top.v", os.X_OK)
    (folder / "top.bit").write_bytes(b"made later")
    verify(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["small-pynq-z2"]


@pytest.mark.parametrize(("edit", "message"), [
    (lambda folder: (folder / "top.v").write_bytes(b"module top; endmodule"),
     "Build folder FOLDER was edited: top.v is not what was built; build again with: snnfpga build"),
    (lambda folder: (folder / "driver/host.py").unlink(),
     "Build folder FOLDER lacks driver/host.py; build again with: snnfpga build"),
    (lambda folder: drop(folder, "top.v"),
     "Build folder FOLDER was edited: its manifest does not match its digest; build again with: snnfpga build"),
    (lambda folder: change(folder, board="other"),
     "Build folder FOLDER was edited: its manifest does not match its digest; build again with: snnfpga build"),
    (lambda folder: change(folder, name="other"),
     "Build folder FOLDER was edited: its manifest does not match its digest; build again with: snnfpga build"),
    (lambda folder: (folder / MANIFEST).unlink(),
     "FOLDER is no build folder: it has no manifest.json; make one with: snnfpga build"),
    (lambda folder: (folder / MANIFEST).write_text("[]"),
     "FOLDER/manifest.json is no manifest of a build; make one with: snnfpga build"),
    (lambda folder: change(folder, version=1),
     "FOLDER/manifest.json has build format 1, this snnfpga reads 3; build again with: snnfpga build --overwrite"),
])
def test_an_edited_folder_is_refused(tmp_path, edit, message):
    folder = tmp_path / "b"
    write(a_plan(), folder)
    edit(folder)
    with pytest.raises(BuildError, match=f"^{re.escape(message.replace('FOLDER', str(folder)))}$"):
        verify(folder)


def test_a_fact_that_is_wanted_must_be_there(tmp_path):
    write(a_plan(), tmp_path / "b")
    assert verify(tmp_path / "b", ("board",))["board"] == "pynq-z2"
    with pytest.raises(BuildError, match=r"^Build folder \S+ has a manifest.json that does not say its network; build "
                                         "again with: snnfpga build$"):
        verify(tmp_path / "b", ("board", "network"))


def test_a_build_of_another_version_is_replaced_once_that_is_asked_for(tmp_path):
    folder = tmp_path / "b"
    write(a_plan(old_v=b"old"), folder)
    change(folder, version=2)
    (folder / "top.bit").write_bytes(b"made later")
    with pytest.raises(BuildError, match=f"^Build folder {re.escape(str(folder))} is of build format 2, and this "
                                         "snnfpga writes 3; write over it with --overwrite, or name another folder "
                                         "with --out$") as caught:
        write(a_plan(), folder)
    assert caught.value.exit_code == USAGE
    write(a_plan(), folder, overwrite=True)
    assert verify(folder)["digest"] == a_plan().digest
    assert not (folder / "old.v").exists()
    assert (folder / "top.bit").read_bytes() == b"made later"


def test_a_folder_whose_manifest_is_damaged_is_left_alone(tmp_path):
    folder = tmp_path / "b"
    write(a_plan(), folder)
    (folder / MANIFEST).write_text("{")
    for overwrite in (False, True):
        with pytest.raises(BuildError, match=r"^Build folder \S+ holds a manifest.json that cannot be read \(.*\), so "
                                             "that nothing says what else is a build's; name another folder with "
                                             "--out, or remove it yourself$"):
            write(a_plan(), folder, overwrite=overwrite)
    assert (folder / "top.v").exists()


def test_a_link_to_a_folder_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "b").symlink_to("disk")
    write(a_plan(), tmp_path / "b")
    assert (tmp_path / "b").is_symlink()
    assert verify(tmp_path / "disk")
    (tmp_path / "dead").symlink_to("nowhere")
    with pytest.raises(BuildError, match=r"dead is a link to nowhere, which is not there; remove the link, or name "
                                         "another folder with --out$"):
        write(a_plan(), tmp_path / "dead")


def change(folder, **values):
    (folder / MANIFEST).write_text(json.dumps(read_manifest(folder) | values, indent=1))


def drop(folder, path):
    manifest = read_manifest(folder)
    del manifest["files"][path]
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_cut_manifest_is_refused(tmp_path):
    folder = tmp_path / "b"
    write(a_plan(), folder)
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text()[:40])
    with pytest.raises(BuildError, match=r"manifest.json cannot be read \(.*\); build again with: snnfpga build$"):
        verify(folder)


def test_of_an_earlier_build_only_its_own_files_are_replaced(tmp_path):
    folder = tmp_path / "b"
    write(a_plan(old_v=b"old"), folder)
    (folder / "driver" / "learned").mkdir()
    kept = {"top.bit": b"made later", "driver/learned/weights.npz": b"learned", ".Xil/log": b"log"}
    (folder / ".Xil").mkdir()
    for path, contents in kept.items():
        (folder / path).write_bytes(contents)
    (folder / "shared").symlink_to(tmp_path)
    (folder / "top.v").write_text("edited")
    write(a_plan(new_v=b"new"), folder)
    verify(folder)
    assert not (folder / "old.v").exists()
    assert (folder / "new.v").read_bytes() == b"new"
    assert {path: (folder / path).read_bytes() for path in kept} == kept
    assert (folder / "shared").readlink() == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_without_links_what_stays_is_copied(tmp_path, monkeypatch):
    folder = tmp_path / "b"
    write(a_plan(), folder)
    (folder / "top.bit").write_bytes(b"made later")
    monkeypatch.setattr(plan_module.os, "link", lambda *a, **k: (_ for _ in ()).throw(OSError(1, "not permitted")))
    write(a_plan(), folder)
    assert (folder / "top.bit").read_bytes() == b"made later"


@pytest.mark.parametrize("taken", ["new.v", "driver/board/host.py", "driver/board"])
def test_a_file_of_others_in_the_way_is_named(tmp_path, taken):
    folder = tmp_path / "b"
    write(a_plan(), folder)
    (folder / taken).parent.mkdir(exist_ok=True)
    (folder / taken).write_text("mine")
    inside = "driver/board" if taken.endswith("py") else "driver/board/x"
    fresh = BuildPlan("b", {}, {**FILES, "new.v": b"", inside: b""})
    with pytest.raises(BuildError, match=f"^Build folder {re.escape(str(folder))} holds {taken}, which no build of "
                                         "snnfpga made and which is in the way of this one; move it away, or name "
                                         "another folder with --out$"):
        write(fresh, folder)
    assert (folder / taken).read_text() == "mine"
    assert verify(folder)["digest"] == a_plan().digest
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_files_have_the_modes_that_the_umask_gives(tmp_path):
    before = os.umask(0o027)
    try:
        write(a_plan(), tmp_path / "b")
    finally:
        os.umask(before)
    assert [oct((tmp_path / "b" / name).stat().st_mode & 0o777) for name in (".", "top.v", "build.sh")] == [
        "0o750", "0o640", "0o750"]


def test_a_folder_of_others_is_refused(tmp_path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    write(a_plan(), folder)             # an empty one is taken
    other = tmp_path / "other"
    other.mkdir()
    (other / "chapter.tex").write_text("...")
    with pytest.raises(BuildError, match=f"^Build folder {re.escape(str(other))} holds files that no build of snnfpga "
                                         f"made; name another folder with --out, or remove it yourself$"):
        write(a_plan(), other)
    with pytest.raises(BuildError, match=r"chapter.tex is a file; name another folder with --out$"):
        write(a_plan(), other / "chapter.tex")
    assert (other / "chapter.tex").read_text() == "..."


@pytest.mark.parametrize("fails", ["write_bytes", "rename"])
def test_a_full_disk_leaves_the_earlier_build(tmp_path, monkeypatch, fails):
    folder = tmp_path / "b"
    write(a_plan(), folder)
    done = []

    def full(*arguments):
        done.append(arguments)
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        return original(*arguments)

    owner = plan_module.Path if fails == "write_bytes" else plan_module.os
    original = getattr(owner, fails)
    monkeypatch.setattr(owner, fails, full)
    with pytest.raises(OSError, match="No space left") as caught:
        write(a_plan(top_v=b"new"), folder)
    if fails == "write_bytes":      # says which file of the build, not of the folder it is written in first
        assert Path(caught.value.filename) == folder / "driver" / "host.py"
    monkeypatch.undo()
    assert verify(folder)["digest"] == a_plan().digest
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", MANIFEST])
def test_paths_stay_in_the_folder(path):
    with pytest.raises(BuildError, match="must hold files below its folder"):
        BuildPlan("b", {}, {path: b""})
