"""The wheel, built from the sdist and used where nothing else of the project is."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from board import driver
from board.imports import INNER, OUTER
from board.pynq_z2.board import BOARD
from rtl_gen.contract.network_file import read, read_notes
from tests.skips import skip_or_fail
from tests.verbs import call

ROOT = Path(__file__).parents[1]
SMALL = [word for value in ("data.name=digits-events", "data.steps=4", "network.blocks=[[12]]", "hardware.blocks=[]",
                            "training.epochs=1", "learning.window=2") for word in ("--set", value)]
VERBS = """
import importlib.util, json, sys
from snnfpga.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as left:
        if left.code:
            sys.exit(f"{words} ended with {left.code}")
for name in sys.argv[2:]:
    assert name not in sys.modules, name
    assert importlib.util.find_spec(name) is None, name
    assert f"snnfpga.{name}" in sys.modules, name
"""


def run(*words, cwd):
    """Standard output of a command that succeeds, without what this process says of where modules lie."""
    around = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=around, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, made from an unpacked sdist, that from a copy of the sources: so the clone stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("LICENSE", "README.md", "pyproject.toml", "setup.py"):
        (folder / "clone").mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / "clone")
    for name in (OUTER, *INNER):
        shutil.copytree(ROOT / name, folder / "clone" / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-c", f"from setuptools.build_meta import build_sdist; build_sdist({str(folder)!r})",
        cwd=folder / "clone")
    packed, = folder.glob("*.tar.gz")
    shutil.unpack_archive(packed, folder, filter="data")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--no-cache-dir", "--wheel-dir", folder, folder / packed.name.removesuffix(".tar.gz"), cwd=folder)
    made, = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def beside(wheel, tmp_path_factory):
    """Folder of the commands of an environment with the wheel, and with this environment's other packages.

    A line of a .pth file only adds to the path: the hook there, by which an editable installation is found, stays out.
    """
    place = tmp_path_factory.mktemp("beside") / "venv"
    venv.create(place)
    commands = place / "bin"
    site = Path(run(commands / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))",
                    cwd=place).strip())
    found = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    (site / "others.pth").write_text("".join(f"{path}\n" for path in sorted(found)))
    run(sys.executable, "-m", "pip", "--python", commands / "python", "install", "--quiet", "--no-deps", "--no-index",
        wheel, cwd=place)
    return commands


def test_the_wheel_claims_one_name(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        top, = (name for name in names if name.endswith("/top_level.txt"))
        assert file.read(top).decode().split() == [OUTER]
    about = top.partition("/")[0]
    assert {name.partition("/")[0] for name in names} == {OUTER, about}
    for package in (OUTER, *INNER):
        inside = OUTER if package == OUTER else f"{OUTER}/{package}"
        wanted = {f"{inside}/{path.relative_to(ROOT / package).as_posix()}" for path in (ROOT / package).rglob("*")
                  if path.is_file() and path.parent.name != "__pycache__"}
        assert wanted <= set(names)


def test_the_wheel_works_alone(beside, tmp_path):
    """From training to learning in integers; the driver that it writes is, byte for byte, what the clone writes."""
    assert "snnfpga" in run(beside / "python", "-m", "snnfpga", "--help", cwd=tmp_path)
    assert json.loads(run(beside / "snnfpga", "boards", "--json", cwd=tmp_path))
    verbs = [["train", *SMALL, "--out", "runs/small"],
             ["evaluate", "runs/small", "--backend", "reference"],
             ["build", "runs/small", "--no-synthesis", "--out", "built"],
             ["learn", "runs/small", "--samples", "4"]]
    run(beside / "python", "-c", VERBS, json.dumps(verbs), *INNER, cwd=tmp_path)
    written = tmp_path / "built/driver"
    network = tmp_path / "runs/small/network.safetensors"
    assert driver.files(read(network), notes=read_notes(network), extra=BOARD.driver, example=BOARD.example) == {
        path.relative_to(written).as_posix(): path.read_bytes() for path in written.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_wheel_brings_what_it_needs(wheel, tmp_path, monkeypatch, capsys):
    """All that it depends on from the package index, the hardware in the simulator, the same build as the clone's."""
    place = tmp_path / "venv"
    venv.create(place, with_pip=True)
    install = place / "bin/python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"
    try:
        run(*install, "torch", cwd=tmp_path)        # alone, as the Makefile does
        run(*install, f"{wheel}[train,sim]", cwd=tmp_path)
    except AssertionError as error:
        skip_or_fail(f"pip does not reach a package index: {str(error).strip().splitlines()[-1]}")
    verbs = [["train", *SMALL, "--out", "runs/small"],
             ["evaluate", "runs/small"],
             ["build", "runs/small", "--out", "built"],
             ["verify", "built", "--samples", "2"],
             ["learn", "runs/small", "--samples", "2", "--backend", "rtl"]]
    run(place / "bin/python", "-c", VERBS, json.dumps(verbs), *INNER, cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "build", "runs/small", "--out", "again")[0] == 0
    assert Path("again/manifest.json").read_text() == Path("built/manifest.json").read_text()


@pytest.mark.slow
def test_the_wheel_makes_hardware_without_pytorch(wheel, tmp_path):
    """What it brings by itself, from the package index: a network becomes Verilog, and training says what it needs."""
    place = tmp_path / "venv"
    venv.create(place, with_pip=True)
    try:
        run(place / "bin/python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel,
            cwd=tmp_path)
    except AssertionError as error:
        skip_or_fail(f"pip does not reach a package index: {str(error).strip().splitlines()[-1]}")
    network = ROOT / "tests/fixtures/format_1/two_blocks_interval.safetensors"
    built = json.loads(run(place / "bin/snnfpga", "build", network, "--out", "built", "--json", cwd=tmp_path))
    assert built["resources"]
    done = subprocess.run([place / "bin/snnfpga", "train"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "install the extra train: pip install 'snnfpga[train]'" in done.stderr
    assert "Traceback" not in done.stderr
