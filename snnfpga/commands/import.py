"""``snnfpga import``: a network of another framework, in a file of NIR, becomes a network of ours."""

from pathlib import Path
from typing import Annotated

import typer

from ..console import print_json, print_shown


def command(
    file: Annotated[Path, typer.Argument(help="The file of NIR.", show_default=False)],
    source: Annotated[str, typer.Option("--from", help="Who wrote it: snntorch, norse, spikingjelly, sinabs, "
                                        "snnfpga, or nir.",
                                        show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The network file to write; else the file's name with "
                                             ".safetensors.", show_default=False)] = None,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz: weights are fitted to its "
                                             "training samples, and membranes are as wide as these need.",
                                             show_default=False)] = None,
    check: Annotated[Path | None, typer.Option(help="Recorded spikes of the source framework, an .npz, to compare "
                                               "with: counts may be off by 5 % at most, or nothing is "
                                               "written.", show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "network.weight_bits=6; may be given again.")] = None,
    dt: Annotated[float | None, typer.Option(help="Seconds of a step, in place of the source's.",
                                             show_default=False)] = None,
    reset: Annotated[str | None, typer.Option(help="subtract, subtract-late (after the next leak) or zero, in place of "
                                              "the source's.", show_default=False)] = None,
    compare: Annotated[str | None, typer.Option(help="A neuron fires above its threshold, or where that is reached, in "
                                                "place of the source's.", show_default=False)] = None,
    gain: Annotated[float | None, typer.Option(help="What a current counts in a membrane, in place of what the file "
                                               "says.", show_default=False)] = None,
    reading: Annotated[str | None, typer.Option(help="Of a leaky integrator at the end: sum, last or maximum is the "
                                                "answer.", show_default=False)] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Turn a file of NIR, the exchange format of snnTorch, Norse, SpikingJelly and Sinabs, into a network file.

    A file does not say what its framework computes: --from does. What was understood is printed layer by layer, and
    stays in the file's notes. All other verbs take the result: evaluate, train --from, build, verify, learn.

    Examples:

      snnfpga import model.nir --from snntorch --data mine.npz

      snnfpga import model.nir --from snntorch --reset zero --set network.weight_bits=6 --out small.safetensors

      snnfpga import model.nir --from nir --dt 0.001 --reset zero --compare above
    """
    from dataclasses import replace

    from ..api.exchange import run_import
    from ..config.file import with_options
    from ..importers.conventions.base import Said
    from ..runs.out_file import check_out

    out = out or Path(f"{file.stem}.safetensors")
    check_out(out, lambda old: overwrite, "replaced unless asked for", "name another file with --out, or give "
              "--overwrite")
    found = run_import(file, source, Said(dt=dt, reset=reset, compare=compare, gain=gain), reading, data, check,
                       with_options(settings, data_root))
    if found.verdict is None or found.verdict.fits:
        found = replace(found, network=found.network.save(out))
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
    found.refuse_misfit()
