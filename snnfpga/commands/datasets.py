"""``snnfpga datasets``: what ``data.name`` may be."""

from typing import Annotated

import typer

from ..console import print_json, print_table


def command(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
            ) -> None:
    """List the data sets.

    A data set of your own is one .npz (docs/data.md); give its path as data.name.

    Example:

      snnfpga train --set data.name=digits --set data.coding=latency
    """
    from ..data.registry import SETS

    if as_json:
        print_json({"datasets": [{"name": name, "about": source.about, "shape": source.shape, "steps": source.steps,
                                  "embedded": source.folder is None} for name, source in SETS.items()]})
        return
    print_table("Data sets", ("name", "inputs, samples", "steps", "from", "what"), [
        (name, source.shape, source.steps, "the package" if source.folder is None else f"--data-root/{source.folder}",
         source.about) for name, source in SETS.items()])
