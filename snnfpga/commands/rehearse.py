"""``snnfpga rehearse``: a build's program for the board, on a simulated board."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtl_gen.contract.errors import FAILED, SnnfpgaError

from ..console import print_json, print_table, progress

if TYPE_CHECKING:
    from rtl_gen.contract.network import Network

    from ..backends.rehearsal import Rehearsal

LESSONS, TESTS = 20, 10         # samples, where no file is given
DEFAULT = ("--learn", "1")      # what the program is asked for, where nothing is


def command(
    words: Annotated[list[str] | None, typer.Argument(
        metavar="[BUILD] [-- OPTIONS...]", help="A build's folder, none takes the newest; after --, options of the "
        "program on the board, none takes --learn 1.", show_default=False)] = None,
    samples: Annotated[Path | None, typer.Option(help="The .npz for the program; else some of the data the network was "
                                                 "trained on.", show_default=False)] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder to rehearse in and to keep: the next rehearsal there "
                                                "finds what this one left, for --resume and --rollback.",
                                                show_default=False)] = None,
    simulator: Annotated[str | None, typer.Option(help="icarus or verilator; else Verilator where it is installed.",
                                                  show_default=False)] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Run the program that a build has for the board, as it stands, on a simulated board.

    The build's driver folder is copied, and its example.py runs as a program of its own with a file of samples, through
    the mailbox of a simulated core. What it learned, answered and counted is then compared with the integer reference:
    any difference is a failure, exit code 1. Where the program itself refuses something, so does this, with its line
    and exit code.

    Examples:

      snnfpga rehearse

      snnfpga rehearse build/digits-pynq-z2 --samples samples.npz -- --learn 2 --seed 1

      snnfpga rehearse build/digits-pynq-z2 --folder trial -- --learn 1 --save-every 10

      snnfpga rehearse build/digits-pynq-z2 --folder trial -- --rollback
    """
    from board import plan
    from rtl_gen.contract.network_file import read

    from ..backends.registry import check_simulator
    from ..backends.rehearsal import check_arguments, check_task, copy_driver, rehearse, simulated_board
    from ..runs.find import find_build

    check_simulator(simulator)
    target, arguments = _told(words or [])
    check_arguments(arguments)
    source = find_build(target)
    network_path = source / str(plan.verify(source)["network"])
    network = read(network_path)
    with ExitStack() as stack:
        aside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="snnfpga-")))
        place = folder or aside
        file = samples or _export(network_path, network, data_root, aside / "samples.npz")
        check_task(file, arguments, network.spec)
        place.mkdir(parents=True, exist_ok=True)
        copy_driver(source, place)
        with progress("building a simulated board", 1) as advance:
            design = simulated_board(network.spec, simulator)
            advance()
        found = rehearse(place, file, arguments, design, aside / "link", quiet=as_json)
    if found.code:
        raise typer.Exit(found.code)
    _show(found, source, design.simulator, arguments, as_json)
    _refuse_differences(found)


def _told(words: list[str]) -> tuple[Path | None, list[str]]:
    """The build, where one is named, and the program's options."""
    if not words or words[0].startswith("-"):
        return None, words or list(DEFAULT)
    return Path(words[0]), words[1:] or list(DEFAULT)


def _export(network_path: Path, network: "Network", data_root: Path | None, out: Path) -> Path:
    """A file of a few samples of what the network was trained on."""
    from ..data.export import write_samples
    from ..data.fit import check_fit, some
    from ..data.source import load_data
    from ..runs.network_data import data_of

    data = load_data(data_of(network_path, network.spec, None, data_root))
    check_fit(data, network.spec)
    write_samples(out, {half: some(data, half, min(count, len(getattr(data, half))) or None, network.spec.seed)
                        for half, count in (("train", LESSONS), ("test", TESTS))})
    return out


def _show(found: "Rehearsal", source: Path, simulator: str, arguments: list[str], as_json: bool) -> None:
    """Print what was compared."""
    differences, record = found.differences, found.record
    if as_json:
        print_json({"build": str(source), "simulator": simulator, "arguments": arguments,
                    "differences": differences.total, "differing": differences.differing,
                    "compared": differences.compared, "described": list(differences.described),
                    **{key: record[key] for key in ("before", "after", "done", "unlabelled", "kept", "checks")}})
        return
    print_table(f"Rehearsed {source}", ("what", "measured"), [
        ("simulator", simulator), ("options", " ".join(arguments)),
        ("samples run", len(record["predictions"])), ("learned from", record["done"] - record["unlabelled"]),
        *((f"{name} that differ from the reference", f"{differences.differing[name]} of {number}")
          for name, number in differences.compared.items() if number)])


def _refuse_differences(found: "Rehearsal") -> None:
    """Fail where a value differs, or where nothing was compared."""
    differences = found.differences
    if differences.total:
        raise SnnfpgaError(f"The simulated board must do as the reference does, and {differences.summary()} differ of "
                           f"{sum(differences.compared.values())} values compared, first: {differences.described[0]}; "
                           "do not use this build, report it", FAILED)
