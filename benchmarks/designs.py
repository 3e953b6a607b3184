"""Measurements of designs by name, in one JSON that each of them is written to at once: mapping takes minutes."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from machine import describe

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.spec import NetworkSpec

Row = dict[str, Any]


def measured(name: str, designs: Mapping[str, NetworkSpec], measure: Callable[[NetworkSpec], Row], *, about: str,
             facts: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Row]]]:
    """The name of each design asked for on the command line, as it is measured, and all that there is by then.

    Parameters
    ----------
    name
        Of the script and of its ``docs/results/NAME.json``, which keeps what it has of other designs.
    about
        What ``--help`` says first.
    facts
        What goes into the file beside the designs.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {'; '.join(designs)}; none takes all")
    asked = parser.parse_args().names
    unknown = [other for other in asked if other not in designs]
    if unknown:
        parser.error(f"designs are {'; '.join(designs)}, not {'; '.join(unknown)}")
    path = Path(__file__).parents[1] / "docs" / "results" / f"{name}.json"
    rows = json.loads(path.read_text("utf-8"))["designs"] if path.exists() else {}
    for design in asked or designs:
        rows[design] = measure(designs[design])
        whole = {"command": f"python benchmarks/{name}.py", **describe("pyosys"), **facts, "designs": rows}
        write_atomically(path, (json.dumps(whole, indent=1) + "\n").encode())
        yield design, rows
