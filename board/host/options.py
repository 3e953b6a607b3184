"""What a person may ask of the program on the board, and whether it can be done. NumPy only."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.network import MAX_RATE, RATE_OFF
from rtl_gen.contract.protocol import WATCHDOG_BITS
from rtl_gen.contract.spec import NetworkSpec

from .course import Course
from .guard import default_interval, hold_out
from .samples import Samples
from .saved import KEEP
from .schedule import DEFAULT, SCHEDULES

__all__ = ["make_course", "parser", "rates_of", "watchdog_cycles"]

HELD_OUT = 0.2
WATCHDOG_MS = 1000
NOTHING = np.zeros(0, np.int64)


def parser(about: str, clock_mhz: float) -> argparse.ArgumentParser:
    """The program's options; ``about`` is the text above them, ``clock_mhz`` the clock where none is asked for."""
    made = argparse.ArgumentParser(prog="example.py", description=about, allow_abbrev=False,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("bitstream", type=Path)
    made.add_argument("samples", type=Path, help=".npz of spikes, label, and where they are there length and split")
    made.add_argument("--network", type=Path, help="folder with spec.json and weights.npz; else this program's")
    made.add_argument("--clock-mhz", type=float, default=clock_mhz)
    made.add_argument("--watchdog-ms", type=float, default=WATCHDOG_MS, metavar="MS",
                      help="let the core end a sample whose rest does not come for so long, as where this program is "
                      f"stopped; 0 never ({WATCHDOG_MS})")
    made.add_argument("--record", type=Path, metavar="FILE", help="write what was answered and counted, as JSON")
    made.add_argument("--link", type=Path, metavar="SOCKET",
                      help="reach a core behind this Unix socket and load no bitstream: what snnfpga rehearse does")
    learning = made.add_argument_group("learning")
    learning.add_argument("--learn", "--passes", dest="passes", type=int, default=0, metavar="N",
                          help="passes over the samples to learn from; else none, and accuracy is measured alone")
    learning.add_argument("--held-out", type=float, metavar="SHARE",
                          help=f"of a file without split the last, to measure on and not to learn from ({HELD_OUT})")
    learning.add_argument("--order", choices=("shuffled", "file"), default="shuffled",
                          help="file: as they lie; shuffled, as snnfpga learn does: pass after pass the next "
                          "permutation of numpy.random.default_rng(SEED)")
    learning.add_argument("--seed", type=int, help="draws the order and what the guard holds out; else the network's")
    learning.add_argument("--rates", metavar="R[,R...]",
                          help=f"steps added to the rate shifts: 0..{MAX_RATE} or off, one for all blocks or one a "
                          "block")
    learning.add_argument("--schedule", choices=tuple(SCHEDULES),
                          help="how the rates change on the way: " + "; ".join(
                              f"{name}, {words}" for name, words in SCHEDULES.items())
                          + f" ({DEFAULT}; constant where --rates are given)")
    learning.add_argument("--expected", type=float, metavar="SHARE",
                          help="of wrong answers, that is usual, for the settling and the adaptive schedule (as the "
                          "network was calibrated, else 0)")
    learning.add_argument("--guard", type=float, metavar="SHARE",
                          help="hold out this share of each class of the samples to learn from, keep the weights that "
                          "answer most of them, and stop where it gets worse")
    learning.add_argument("--guard-every", type=int, metavar="N",
                          help="samples between two measurements of the guard; else a tenth of all, and 50 at least")
    saving = made.add_argument_group("saving")
    saving.add_argument("--save-every", type=int, metavar="N", help="save what was learned every N samples, whole even "
                        "where the power goes, and at the end")
    saving.add_argument("--saved", type=Path, metavar="FOLDER", help="where to; else saved/ beside this program")
    saving.add_argument("--keep", type=int, default=KEEP, metavar="N", help=f"saved networks that stay ({KEEP})")
    back = saving.add_mutually_exclusive_group()
    back.add_argument("--resume", action="store_true", help="go on from what was saved last, within the course where "
                      "that was interrupted")
    back.add_argument("--rollback", action="store_true", help="take back what was saved last, and begin with what was "
                      "saved before it")
    return made


def rates_of(text: str | None, blocks: int) -> tuple[int, ...] | None:
    """The rates in ``0,off,2`` or ``1``, one a block; None where none are asked for.

    Raises
    ------
    SnnfpgaError
        If one is something else, or there are more or fewer than blocks.
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    known = {**{str(rate): rate for rate in range(MAX_RATE + 1)}, "off": RATE_OFF}
    wrong = next((word for word in words if word not in known), None)
    if wrong is not None:
        raise SnnfpgaError(f"Rates must be 0..{MAX_RATE} or off, not {shown(wrong)}", USAGE)
    if len(words) not in (1, blocks):
        raise SnnfpgaError(f"Rates must be one for all blocks or one for each of {blocks}, not {len(words)}", USAGE)
    return tuple(known[word] for word in words * (blocks if len(words) == 1 else 1))


def check_schedule(schedule: str | None, rates: tuple[int, ...] | None) -> None:
    """Refuse rates that a schedule would change from the first lesson on.

    Raises
    ------
    SnnfpgaError
        If there are such, and no block of them is off, which a schedule leaves so.
    """
    if rates is not None and schedule not in (None, "constant") and RATE_OFF not in rates:
        raise SnnfpgaError(f"--schedule {schedule} sets the rates itself, and would not take those of --rates; leave "
                           "one of the two out, or take --schedule constant", USAGE)


def make_course(options: argparse.Namespace, samples: Samples, spec: NetworkSpec, usual: float) -> Course:
    """What these options ask for, of these samples; ``usual`` is the expected share of wrong answers else.

    Raises
    ------
    SnnfpgaError
        If an option is out of range, or leaves nothing to learn from or to measure on.
    """
    _check_ranges(options)
    rates = rates_of(options.rates, len(spec.blocks))
    check_schedule(options.schedule, rates)
    of_steps = samples.step_labels is not None
    if of_steps and (options.guard is not None or options.schedule not in (None, "constant")):
        raise SnnfpgaError("Samples with labels of steps are learned from at constant rates and without a guard; leave "
                           "--guard and --schedule out", USAGE)
    if not options.passes:
        return Course(samples=samples, lessons=NOTHING, held=NOTHING, test=_measured(samples), passes=0, rates=rates)
    if not any(block.directives.learns for block in spec.blocks):
        raise SnnfpgaError(f"Network {spec.name} has no block with an update engine and cannot learn; leave --learn "
                           "out, or build one that was trained with hardware.learning=true", USAGE)
    test = _test(options.held_out, samples)
    lessons, test = np.flatnonzero(~test), np.flatnonzero(test)
    held, interval = NOTHING, None
    seed = spec.seed if options.seed is None else options.seed
    if options.guard is not None:
        drawn = hold_out(samples.labels[lessons], options.guard, seed)
        held, lessons = lessons[drawn], lessons[~drawn]
        interval = options.guard_every or default_interval(options.passes * len(lessons))
    return Course(samples=samples, lessons=lessons, held=held, test=test, passes=options.passes,
                  shuffled=options.order == "shuffled", seed=seed, interval=interval, rates=rates,
                  schedule=options.schedule or ("constant" if options.rates or of_steps else DEFAULT),
                  expected=usual if options.expected is None else options.expected)


def _check_ranges(options: argparse.Namespace) -> None:
    for name, least in (("passes", 0), ("guard_every", 1), ("save_every", 1), ("keep", 2), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            shown = "learn" if name == "passes" else name.replace("_", "-")
            raise SnnfpgaError(f"--{shown} must be at least {least}, not {value}", USAGE)
    if options.held_out is not None and not 0 < options.held_out < 1:
        raise SnnfpgaError(f"--held-out must be between 0 and 1, not {options.held_out:g}", USAGE)
    if options.expected is not None and not 0 <= options.expected <= 1:
        raise SnnfpgaError(f"--expected must be in 0..1, not {options.expected:g}", USAGE)
    if not 0 < options.clock_mhz < float("inf"):
        raise SnnfpgaError(f"--clock-mhz must be more than 0, not {options.clock_mhz:g}", USAGE)
    watchdog_cycles(options)
    needed: Sequence[tuple[str, str]] = (("guard", "passes"), ("save_every", "passes"), ("held_out", "passes"),
                                         ("guard_every", "guard"))
    for name, other in needed:
        if getattr(options, name) is not None and not getattr(options, other):
            given, lacking = name.replace("_", "-"), "learn" if other == "passes" else other
            raise SnnfpgaError(f"--{given} applies to learning with --{lacking}, which is not asked for; give it, or "
                               f"leave --{given} out", USAGE)
    if options.network is not None and (options.resume or options.rollback):
        raise SnnfpgaError("--network cannot stand beside --resume or --rollback, which take what was saved; leave one "
                           "of them out", USAGE)


def watchdog_cycles(options: argparse.Namespace) -> int:
    """How long the core's watchdog is to wait, in cycles of its clock; 0 where it is to wait for ever.

    Raises
    ------
    SnnfpgaError
        If its register does not hold so many, or none where some were asked for.
    """
    cycles_a_ms = 1000 * options.clock_mhz
    most = ((1 << WATCHDOG_BITS) - 1) / cycles_a_ms
    if not 0 <= options.watchdog_ms <= most:
        raise SnnfpgaError(f"--watchdog-ms must be in 0..{int(most)} at {options.clock_mhz:g} MHz, not "
                           f"{options.watchdog_ms:g}", USAGE)
    return math.ceil(options.watchdog_ms * cycles_a_ms)


def _measured(samples: Samples) -> np.ndarray:
    """What is measured on where nothing is learned: the test samples, or all where the file does not say."""
    whole = np.arange(len(samples))
    return whole if samples.is_test is None or not samples.is_test.any() else whole[samples.is_test]


def _test(share: float | None, samples: Samples) -> np.ndarray:
    """(N,) bool: what is measured on and not learned from."""
    count = len(samples)
    if samples.is_test is None:
        lessons = count - round((HELD_OUT if share is None else share) * count)
        test = np.arange(count) >= lessons
    elif share is not None:
        raise SnnfpgaError("--held-out applies to samples without split, and these have one; leave it out", USAGE)
    else:
        test = samples.is_test
    if test.all() or not test.any():
        raise SnnfpgaError(f"Of {count} samples {count - int(test.sum())} would be learned from; both those and the "
                           "rest must be some", USAGE)
    return test
