"""``snnfpga report``: a run or a build as one HTML file that needs no network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import print_json, print_table

if TYPE_CHECKING:
    from ..report.page import Page

REPORT = "report.html"


def command(
    targets: Annotated[list[Path] | None, typer.Argument(
        metavar="[FOLDER] [FOLDER]", help="A run's or a build's folder, or two of a kind side by side; none takes the "
        "newest of either.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="HTML file to write; else report.html in the folder, or of two "
                                             "report-NAME.html in the first, by the other's name.",
                                             show_default=False)] = None,
    sample: Annotated[int | None, typer.Option(help="Which test sample a run's report shows step by step; else the "
                                               "first, 0.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Write a report of a run or a build: one HTML file, figures and all, that opens without any network.

    A run: accuracy, loss and firing rates, each class and what it is taken for, one sample spike by spike, memory for
    learning, weights, configuration. A build: resources, blocks, cycles, memories, and what verify and learn found.
    What is missing is named.

    Of two runs it shows side by side what they reached, epoch by epoch and class by class, and which keys of their
    configurations differ; of two builds their resources and cycles.

    Examples:

      snnfpga report

      snnfpga report runs/digits --sample 7

      snnfpga report build/digits-pynq-z2 --out digits.html

      snnfpga report runs/digits runs/k8
    """
    from rtl_gen.contract.atomic import write_atomically

    from ..report.page import is_report, render
    from ..report.target import find, is_build
    from ..runs.out_file import check_out

    if len(targets or []) > 2:
        raise SnnfpgaError(f"A report is of one folder, or of two side by side, not of {len(targets or [])}", USAGE)
    first, second = [*(targets or []), None, None][:2]
    folder, other = find(first), None if second is None else find(second)
    path = out or folder / (REPORT if other is None else f"report-{other.resolve().name}.html")
    check_out(path, is_report, "a report that snnfpga wrote",
              "name another file with --out, or remove it yourself")
    kind = "build" if is_build(folder) else "run"
    if sample is not None and (kind == "build" or other is not None):
        what = f"{folder} is a build" if kind == "build" else "these are two"
        raise SnnfpgaError(f"A sample is shown in the report of a run, and {what}; leave --sample out", USAGE)
    page = _page(folder, other, kind, sample or 0)
    contents = render(page).encode()
    write_atomically(path, contents)
    if as_json:
        print_json({"report": str(path), "kind": kind, "folder": str(folder),
                    **({} if other is None else {"other": str(other)}), "bytes": len(contents),
                    "sections": [section.title for section in page.sections], "missing": page.missing})
        return
    print_table(f"Report of {kind} {folder}" + ("" if other is None else f" and {other}"), ("section", "what"), [
        *((section.title, section.missing or "shown") for section in page.sections),
        ("file", f"{path}, {len(contents) / 1e6:.1f} MB")])


def _page(folder: Path, other: Path | None, kind: str, sample: int) -> "Page":
    """The page; of a build alone without PyTorch, which may not be installed."""
    from ..report import build

    if other is None and kind == "build":
        return build.page(folder)
    from ..report import run, two

    return run.page(folder, sample) if other is None else two.page(folder, other)
