"""The command line. A verb is a line in ``VERBS`` and a module of its name, imported when it is called."""

import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import typer

from rtl_gen.contract.errors import USAGE

from .console import TERMINAL
from .ending import verb_scope
from .errors import explain, one_line
from .extras import missing_extra
from .listening import heard_by

INTERRUPTED = 130   # what typer returns where a person stopped a verb
PATIENCE = 20       # seconds within which processes that torchrun started at the same time fail of the same thing
VERBS = {
    "train": "Train a network from a configuration.",
    "evaluate": "Measure a network's accuracy, and compare the backends spike by spike.",
    "learn": "Let a network go on learning as the chip does.",
    "build": "Turn a network into sources, driver and report for a board.",
    "verify": "Compare a build's hardware with the reference, bit for bit.",
    "import": "Turn a file of NIR, from snnTorch and others, into a network.",
    "export": "Write a network as a file of NIR, for other frameworks.",
    "export-samples": "Write samples for the program on a board.",
    "rehearse": "Run a build's program for the board on a simulated board.",
    "report": "Write a run or a build as one HTML page.",
    "boards": "List the boards.",
    "datasets": "List the data sets.",
    "rules": "List the learning rules.",
    "diagnose": "Say layer by layer whether a network is fit to learn.",
    "cost": "Count what a learning rule takes: operations and memory.",
    "demo": "All of the above once, on embedded data.",
    "doctor": "Say what is installed and what is missing.",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and exit: 0 done, 1 failed, 2 wrong usage or input. An error is one line, and no traceback."""
    given = [_at_home(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    verb = next((word for word in _typed() or given if not word.startswith("-")), "")
    try:
        with heard_by(TERMINAL), verb_scope():
            code = _app(verb)(given or ["--help"], prog_name="snnfpga", standalone_mode=False) or 0
        line = "Stopped" if code == INTERRUPTED and _is_first() else ""
    except Exception as error:
        if not _is_first():
            _wait_to_be_ended()
        line, code = _explain(error)
    if line:
        print(f"snnfpga: {line}", file=sys.stderr)
    raise SystemExit(code)


def _typed() -> list[str]:
    """The words of a line that a shell asks to complete, after the program's name; none where it asks for nothing."""
    return os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:] \
        if "_SNNFPGA_COMPLETE" in os.environ else []


def _at_home(word: str) -> str:
    """An argument whose ~ is the home folder, after ``--option=`` too, where a shell leaves it."""
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return option + equals + os.path.expanduser(value)


def _app(verb: str) -> Any:
    """The whole command line, in which only ``verb`` is there in full."""
    app = typer.Typer(name="snnfpga", help=(
        "Train quantised spiking networks with truncated block-local learning, "
        "and generate FPGAs that go on learning.\n\n"
        "Start with: snnfpga train, then snnfpga evaluate."))
    app.callback()(_options)
    for name, about in VERBS.items():
        app.command(name=name, short_help=about)(_command(name) if name == verb else _elsewhere)
    return typer.main.get_command(app)


def _command(verb: str) -> Callable[..., None]:
    return importlib.import_module(f".commands.{verb.replace('-', '_')}", __package__).command


def _elsewhere() -> None:
    """Stands for a verb that was not called."""


def _show_version(asked: bool) -> None:
    if asked:
        from .tools import versions

        for name, found in versions():
            print(f"{name} {found or 'not installed'}")
        raise typer.Exit


def _options(version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True,
                                          help="Print the version and exit.")) -> None:
    pass


def _is_first() -> bool:
    """Whether this process, of several that torchrun may have started here, says what happened to all."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def _wait_to_be_ended() -> None:
    """Wait for torchrun, which ends all once the first has failed; one left running failed alone, and has to say so."""
    try:
        time.sleep(PATIENCE)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _explain(error: Exception) -> tuple[str, int]:
    if hasattr(error, "format_message"):        # what typer says of an argument
        return one_line(error.format_message()), USAGE
    missing = missing_extra(error) if isinstance(error, ModuleNotFoundError) else None
    known = explain(missing or error)
    if known is None:
        raise error
    return known
