"""The program on the board: load a network, learn, measure, save. A board's ``example.py`` gives it a way to the core.

Everything that a person hands over, the file of samples to its last byte, is checked before the core is reached.
NumPy only.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec

from . import archive, expected
from .course import Core, Course, Outcome, Progress, attend, told
from .host import Host
from .link import Link, MmioLink
from .options import make_course, parser, watchdog_cycles
from .remote import RemoteMmio
from .samples import read_samples
from .saved import Generation, SavedNetworks

__all__ = ["Attach", "Task", "carry_out", "main", "prepare"]

LEARNED, SAVED = "learned", "saved"     # folders beside the program
STOPPED = 130                           # the exit code of a program that a person stopped
SIMULATED_S = 600.0                     # how long an answer of a simulated core is waited for


class Attach(Protocol):
    """Configure the fabric and give a link to its core."""

    def __call__(self, bitstream: Path, *, clock_mhz: float) -> Link: ...


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the options ask for, checked, and all of it in memory.

    Attributes
    ----------
    spec
        The network the core was built for.
    network
        What the core begins with.
    course
        What is learned and measured.
    progress, best
        Of an interrupted course, as :func:`board.host.course.attend` takes them.
    learned
        Folder for what was learned.
    saved, every
        Where generations go, and after how many samples; None where nothing is saved on the way.
    record
        File for what was answered and counted, or None.
    """

    spec: NetworkSpec
    network: Network
    course: Course
    progress: Progress
    best: Network | None
    learned: Path
    saved: SavedNetworks | None
    every: int
    record: Path | None


def main(attach: Attach, *, folder: Path, clock_mhz: float, about: str,
         arguments: Sequence[str] | None = None) -> int:
    """Run the program; gives its exit code: 0 done, 1 failed, 2 wrong usage or input. An error is one line.

    Parameters
    ----------
    attach
        Reaches the board's core.
    folder
        Of the program, with the network of the build.
    clock_mhz
        The fabric's clock where no other is asked for.
    about
        The text of the help.
    arguments
        Of the command line; None takes the process's.
    """
    options = parser(about, clock_mhz).parse_args(arguments)
    try:
        task = prepare(options, folder)
        with ExitStack() as stack:
            host = _host(options, attach, task.spec, stack)
            host.set_watchdog(watchdog_cycles(options))
            carry_out(task, host)
    except KeyboardInterrupt:
        return _end("Stopped", STOPPED)
    except SnnfpgaError as error:
        return _end(" ".join(str(error).split()), error.exit_code)
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        return _end(f"Cannot read or write{place}: {error.strerror or error}", FAILED)
    return 0


def prepare(options: argparse.Namespace, folder: Path, say: Callable[[str], object] = print) -> Task:
    """Check everything and read it into memory; the core is not reached. ``say`` takes lines for people.

    Raises
    ------
    SnnfpgaError
        If something is wrong: one line that says what, and what to do.
    """
    spec = archive.read_spec(folder)
    network = archive.read(options.network or folder)
    if network.spec != spec:
        raise SnnfpgaError(f"Network {options.network} has another specification than this build; give one that it "
                           "learned", USAGE)
    course = make_course(options, read_samples(options.samples, spec), spec, expected.in_folder(folder))
    saved = SavedNetworks(options.saved or folder / SAVED, keep=options.keep, say=say)
    if course.passes:
        _check_writable(folder / LEARNED)
    found = _generation(options, saved, spec, say)
    progress = Progress() if found is None else _progress(options, course, found, say)
    return Task(spec=spec, network=network if found is None else found.network, course=course, progress=progress,
                best=None if found is None else found.best, learned=folder / LEARNED,
                saved=None if options.save_every is None else saved, every=options.save_every or 0,
                record=options.record)


def carry_out(task: Task, core: Core, say: Callable[[str], object] = print) -> Outcome:
    """Learn and measure on a core, write what was learned, and say what came of it.

    Raises
    ------
    SnnfpgaError
        If the core refuses something or does not answer.
    OSError
        If something cannot be written.
    """
    course, saved = task.course, task.saved
    digest = "" if saved is None else course.digest()

    def save(network: Network, progress: Progress, best: Network | None) -> None:
        place = saved.save(network, {"course": digest, "progress": asdict(progress)}, best)
        say(f"Saved after {progress.done} samples: {place}")

    found = attend(course, core, task.network, progress=task.progress, best=task.best, every=task.every,
                   save=None if saved is None else save, say=say)
    if course.passes:
        lessons = found.progress.done - found.progress.unlabelled
        of_steps = course.samples.step_labels is not None
        answered = (f"{told((found.progress.right, found.progress.windows))} labelled windows" if of_steps else
                    told((found.progress.right, lessons)))
        say(f"Learned from {lessons} samples, {answered} answered right on the way; "
            f"{found.progress.unlabelled} without a label")
        archive.write(task.learned, core.network())
        say(f"Learned weights: {task.learned}")
    if task.record is not None:
        write_atomically(task.record, found.to_json().encode())
    _show(task, found, say)
    return found


def _host(options: argparse.Namespace, attach: Attach, spec: NetworkSpec, stack: ExitStack) -> Host:
    if options.link is None:
        return Host(attach(options.bitstream, clock_mhz=options.clock_mhz), spec)
    mmio = stack.enter_context(closing(RemoteMmio(options.link)))
    return Host(MmioLink(mmio, timeout_s=SIMULATED_S), spec, timeout_s=SIMULATED_S)


def _generation(options: argparse.Namespace, saved: SavedNetworks, spec: NetworkSpec,
                say: Callable[[str], object]) -> Generation | None:
    """The saved network to begin with, or None."""
    if options.rollback:
        found = saved.rollback()
        say(f"Rolled back to {found.folder}")
    else:
        found = saved.latest() if options.resume or options.save_every is not None else None
    if found is not None and not options.resume and not options.rollback:
        raise SnnfpgaError(f"Folder {saved.folder} holds what was learned before, the latest {found.folder.name}; go "
                           "on from it with --resume, or name another folder with --saved", USAGE)
    if options.resume:
        say(f"Nothing is saved in {saved.folder} yet; begins with the build's network" if found is None
            else f"Goes on from {found.folder}")
    if found is not None and found.network.spec != spec:
        raise SnnfpgaError(f"{found.folder} holds a network of another specification than this build; name another "
                           "folder with --saved", USAGE)
    return found


def _progress(options: argparse.Namespace, course: Course, found: Generation,
              say: Callable[[str], object]) -> Progress:
    """How far the course is, of which ``found`` is a part; none where it is of another that has ended."""
    if options.rollback or not course.passes:
        return Progress()
    progress = Progress(**found.note["progress"])
    if found.note["course"] == course.digest():
        say(f"{progress.done} samples of this course are done")
        return progress
    if not progress.ended:
        raise SnnfpgaError(f"{found.folder} is of a course that was interrupted, with other samples or options; give "
                           f"those again, or begin another course from it with --network {found.folder} and another "
                           "folder --saved", USAGE)
    say("The course before has ended; begins another with what it learned")
    return Progress()


def _check_writable(folder: Path) -> None:
    """Refuse, before anything is learned, a folder into which it could not be written."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise SnnfpgaError(f"Cannot write into {folder}; run as its owner, or as root")


def _show(task: Task, found: Outcome, say: Callable[[str], object]) -> None:
    """Say what was measured."""
    course, (right, total) = task.course, found.after
    kind = "samples" if course.samples.is_test is None else "test samples"
    which = f"{len(course.test)} {kind}" + (", not learned from" if course.passes else "")
    lacking = len(course.test) - total
    if not total:
        say(f"Accuracy is not measured: none of the {which} has a label")
    else:
        if found.progress.before is not None:
            say(f"Accuracy before: {found.progress.before[0] / total:.4f} of {which}")
        of_steps = course.samples.step_labels is not None
        say(f"Accuracy: {right / total:.4f} of {f'{total} labelled windows of ' if of_steps else ''}{which}")
        if lacking > 0 and not of_steps:
            say(f"  of which {lacking} have no label and do not count")
    for name, value in found.counters.items():
        say(f"  {name:28} {value}")


def _end(line: str, code: int) -> int:
    print(f"example.py: {line}", file=sys.stderr)
    return code
