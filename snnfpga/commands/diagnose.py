"""``snnfpga diagnose``: whether a configuration's network is fit to learn, layer by layer."""

from pathlib import Path
from typing import Annotated

import typer

from ..console import print_json, print_shown


def command(
    config: Annotated[Path | None, typer.Argument(help="YAML file, or a run's folder; none takes the default, digits.",
                                                  show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "network.gain=0.5; may be given again.")] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    sweep: Annotated[list[str] | None, typer.Option(metavar="WHAT=VALUES", help="Compare gradients over window=1,2,4,T "
                     "or block=1,2,all; may be given again.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the figures as a page of HTML.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Look at a network before it trains, or at a run as it stands: rates, membranes near the threshold, gradients.

    Of a run it says besides whether it fits its training samples too little or too much, by samples that it never
    learned from, and what to try in order, with the points that each change gained on three sets.

    Examples:

      snnfpga diagnose

      snnfpga diagnose my.yaml --set network.gain=0.3

      snnfpga diagnose runs/digits

      snnfpga diagnose --sweep window=1,4,T --sweep block=1,all --plot gradients.html
    """
    from rtl_gen.contract.atomic import write_atomically

    from ..api.diagnose import run
    from ..config.file import read_config, with_options
    from ..data.own_defaults import complete
    from ..diagnosis.page import page
    from ..report.page import is_report
    from ..runs.find import CONFIG
    from ..runs.out_file import check_out

    if plot is not None:
        check_out(plot, is_report, "a page that snnfpga wrote", "name another file")
    run_folder = config if config is not None and config.is_dir() else None
    whole, data = complete(read_config(config / CONFIG if run_folder is not None else config,
                                       with_options(settings, data_root)))
    found = run(whole, run_folder, sweep or [], data)
    if plot is not None:
        write_atomically(plot, page(whole, found.cells).encode())
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
