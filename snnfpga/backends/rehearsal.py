"""A build's program for the board, run as it stands on a simulated board, and the same on the integer reference.

The program is a process of its own, with the driver folder's modules and no others of ours. Its core is the one with
the mailbox, as on the board, in a simulator; what lies between is the address window, through a socket.
"""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from board.host import archive, program
from board.host.options import make_course, parser
from board.host.samples import read_samples
from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from sim.compare import Comparison
from sim.core import run_on_core
from sim.runner import Design, build

from . import learn
from .reference_core import ReferenceCore
from .simulated import SCRIPTS, folder_of, preferred

DRIVER, REFERENCE = "driver", "reference"   # folders of a rehearsal
RECORD = "record.json"
QUANTITIES = ("weights", "predictions", "counters")
OURS = ("link", "record", "saved")          # options that a rehearsal gives itself, or that would leave its folder


@dataclass(frozen=True)
class Rehearsal:
    """What came of it.

    Attributes
    ----------
    code
        The program's exit code; where it is not 0 nothing was compared.
    record
        What the program wrote down (``--record``); empty where it failed.
    differences
        What it learned, answered and counted, against the reference's.
    """

    code: int
    record: dict[str, Any]
    differences: Comparison


def simulated_board(spec: NetworkSpec, simulator: str | None = None) -> Design:
    """The core of a board, with its mailbox, in a simulator; raises as :func:`snnfpga.backends.simulated.design`."""
    from rtl_gen.mailbox import MailboxCore

    check_hardware(spec)
    chosen = simulator or preferred()
    place = folder_of(spec, chosen)
    return build(MailboxCore(spec), build_dir=place.with_name(f"{place.name}-mailbox"), simulator=chosen,
                 name="mailbox")


def copy_driver(build_folder: Path, place: Path) -> None:
    """Copy a build's driver folder, and all that a board left in it, into ``place``, once for each of the two.

    Raises
    ------
    SnnfpgaError
        If the driver is of an earlier version, that cannot be rehearsed.
    """
    source = build_folder / DRIVER
    if not (source / "board" / "host" / "remote.py").exists():
        raise SnnfpgaError(f"Build {build_folder} has a driver that cannot be rehearsed, of an earlier version; build "
                           "it again with: snnfpga build", USAGE)
    if not (place / DRIVER).exists():       # of a rehearsal before, to be gone on from
        shutil.copytree(source, place / DRIVER, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(place / REFERENCE, ignore_errors=True)
    shutil.copytree(place / DRIVER, place / REFERENCE, ignore=shutil.ignore_patterns("*.py", "__pycache__"))


def check_arguments(arguments: Sequence[str]) -> None:
    """Refuse options that a rehearsal gives itself.

    Raises
    ------
    SnnfpgaError
        If one is there.
    """
    for word in arguments:
        name = word.removeprefix("--").partition("=")[0]
        if word.startswith("--") and name in OURS:
            raise SnnfpgaError(f"Option --{name} of the program cannot be given to a rehearsal, which keeps all in its "
                               "own folder; leave it out, and see --folder", USAGE)


def check_task(samples: Path, arguments: Sequence[str], spec: NetworkSpec) -> None:
    """Refuse, before a simulated board is built, what the program would refuse of its options and its file.

    Raises
    ------
    SnnfpgaError
        If an option or a sample is wrong; not where that shows in what an earlier rehearsal saved.
    """
    known = parser("", 1.0)
    known.error = _refuse       # a line, and no usage
    options = known.parse_args(["core.bit", str(samples), *arguments])
    make_course(options, read_samples(samples, spec), spec, 0.0)


def _refuse(message: str) -> NoReturn:
    raise SnnfpgaError(f"Option of the program, {message}; snnfpga rehearse -- --help lists them", USAGE)


def rehearse(place: Path, samples: Path, arguments: Sequence[str], design: Design, socket_place: Path, *,
             quiet: bool) -> Rehearsal:
    """Run the program that :func:`copy_driver` left in ``place``, and the same on the reference.

    Parameters
    ----------
    samples
        The program's file.
    arguments
        More of its options.
    design
        What :func:`simulated_board` made.
    socket_place
        Where the window's socket is to be: a short path in a folder that is the user's alone.
    quiet
        Let the program print to standard error.

    Raises
    ------
    SnnfpgaError
        If the simulation fails.
    """
    differences = Comparison(QUANTITIES, "the reference")
    record = place / DRIVER / RECORD
    given = ["core.bit", str(samples), *arguments]
    command = [sys.executable, str(place / DRIVER / "example.py"), *given, "--link", str(socket_place),
               "--record", str(record)]
    code = _run(command, design, socket_place, quiet)
    if code:
        return Rehearsal(code if code > 0 else FAILED, {}, differences)
    found = json.loads(record.read_text("utf-8"))
    task = program.prepare(parser("", 1.0).parse_args(given), place / REFERENCE, say=_silent)
    core = ReferenceCore(task.network)
    wanted = program.carry_out(task, core, say=_silent)
    if task.course.passes:
        learn.compare(differences,
                      _Learned(archive.read(place / DRIVER / program.LEARNED), found["learning_counters"]),
                      _Learned(core.network(), wanted.learning_counters))
    runs = len(found["predictions"]), len(wanted.predictions)
    if runs[0] == runs[1]:
        differences.compare("predictions", "prediction of run", found["predictions"], wanted.predictions)
    else:
        differences.compare("predictions", "number of runs", runs[:1], runs[1:])
    for counter, value in wanted.counters.items():
        differences.compare("counters", f"counter {counter} in the last measurement", [found["counters"][counter]],
                            [value])
    return Rehearsal(0, found, differences)


@dataclass(frozen=True)
class _Learned:
    """What a backend says once it has learned."""

    made: Network
    counted: dict[str, int]

    def network(self) -> Network:
        return self.made

    def counters(self) -> dict[str, int]:
        return self.counted


def _run(command: Sequence[str], design: Design, socket_place: Path, quiet: bool) -> int:
    """The program's exit code, with the simulation beside it for as long as it runs."""
    failed: list[Exception] = []

    def simulate() -> None:
        try:
            run_on_core(design, script=f"{SCRIPTS}:open_window", arguments={"place": str(socket_place)})
        except Exception as error:
            failed.append(error)

    board = threading.Thread(target=simulate)
    board.start()
    try:
        while board.is_alive() and not socket_place.exists():
            time.sleep(0.05)
        code = 1
        if board.is_alive():
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr if quiet else None,
                                  check=False).returncode
    finally:
        _let_go(socket_place)
        board.join()
    if failed:
        raise failed[0]
    return code


def _let_go(socket_place: Path) -> None:
    """End a simulation that no program came to: a visit that asks for nothing."""
    try:
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(str(socket_place))
    except OSError:
        pass        # a program was there, and the simulation ended with it


def _silent(line: str) -> None:
    """Nothing is said of the reference's run."""
