"""``snnfpga export``: a network for other frameworks, as a file of NIR."""

from pathlib import Path
from typing import Annotated

import typer

from ..console import print_json, print_shown


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
    from ..api.exchange import run_export
    from ..importers.nir_file import hdf5
    from ..runs.find import find_network
    from ..runs.out_file import check_out

    hdf5()
    check_out(nir, lambda old: overwrite, "replaced unless asked for", "name another file with --nir, or give "
              "--overwrite")
    found = run_export(find_network(target), nir)
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
