"""``snnfpga cost``: operations and memory of a learning rule, counted in real batches."""

from pathlib import Path
from typing import Annotated

import typer

from ..console import print_json, print_shown, say


def command(
    config: Annotated[Path | None, typer.Argument(help="YAML file; none takes the default, digits.",
                                                  show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "learning.rule=bptt; may be given again.")] = None,
    sweep: Annotated[list[str] | None, typer.Option(help="window=1,2,4,T or block=1,2,all (layers in a block); may be "
                     "given for both.")] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the surfaces as an HTML page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Count what a rule's forward and backward pass take, on a batch of the training data.

    Beside the words moved and the bytes kept stands what the rule's own formulas say of them, where it carries some.

    Examples:

      snnfpga cost

      snnfpga cost --sweep window=1,2,4,8,T --sweep block=1,2,all --plot cost.html

      snnfpga cost --set learning.rule=ottt --json
    """
    from rtl_gen.contract.atomic import write_atomically

    from ..api.cost import run
    from ..config.file import read_config, with_options
    from ..costs.plot import page
    from ..data.own_defaults import complete
    from ..report.page import is_report
    from ..runs.out_file import check_out

    if plot is not None:
        check_out(plot, is_report, "a page that snnfpga wrote", "name another file")
    whole, data = complete(read_config(config, with_options(settings, data_root)))
    found = run(whole, sweep or [], data)
    if plot is not None:
        write_atomically(plot, page(whole, found.cells).encode())
    if as_json:
        print_json(found.to_dict())
        return
    print_shown(found)
    for reason in found.absent:
        say(f"No value by formula: {reason}")
