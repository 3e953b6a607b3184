"""``snnfpga export``: a network for other frameworks, as a file of NIR."""

from pathlib import Path
from typing import Annotated

import typer

from ..console import print_json, print_table, say


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    nir: Annotated[Path, typer.Option("--nir", help="The file of NIR to write.")] = Path("network.nir"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Write a network as a file of NIR, which snnTorch, Norse, SpikingJelly and Sinabs read.

    Without a leak and with a reset to zero it computes the same spikes there. Where NIR does not say what is computed
    here, the file is approximate, and a line says why; its metadata say the reset, the comparison and the step too.
    snnfpga import --from snnfpga reads it back to the same integers.

    Examples:

      snnfpga export runs/digits --nir digits.nir
    """
    from rtl_gen.contract.network_file import read, read_notes

    from ..importers.nir_file import hdf5, write_graph
    from ..importers.to_nir import logit_fraction, to_nir
    from ..runs.find import find_network
    from ..runs.out_file import check_out

    hdf5()
    check_out(nir, lambda old: overwrite, "replaced unless asked for", "name another file with --nir, or give "
              "--overwrite")
    path = find_network(target)
    network = read(path)
    found = to_nir(network, logit_fraction(network, read_notes(path)))
    write_graph(nir, found.graph)
    for line in found.approximate:
        say(f"Warning: the file is approximate: {line}")
    if as_json:
        print_json({"network": str(path), "nir": str(nir), "exact": not found.approximate,
                    "approximate": list(found.approximate), "nodes": len(found.graph.nodes)})
        return
    print_table(f"Exported {path}", ("what", "value"), [
        ("nodes", len(found.graph.nodes)), ("the same spikes elsewhere", "yes" if not found.approximate else
                                            "approximately"),
        ("read it back with", f"snnfpga import {nir} --from snnfpga"), ("file", nir)])
