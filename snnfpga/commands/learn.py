"""``snnfpga learn``: a network goes on learning as the chip does, in chip arithmetic."""

from pathlib import Path
from typing import Annotated

import typer

from ..api.defaults import MOST_PASSES
from ..backends.registry import check_name, check_simulator, described, learners
from ..console import print_json, print_shown


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Learn from so many training samples, drawn class by "
                                                "class; else all.", show_default=False)] = None,
    passes: Annotated[int, typer.Option(min=1, max=MOST_PASSES, help="Times that the samples are learned from.")] = 1,
    shuffle: Annotated[bool, typer.Option("--shuffle/--in-order", help="Whether the seed draws the order of the "
                                          "samples, for each pass anew.")] = True,
    seed: Annotated[int | None, typer.Option(min=0, help="Draws samples and order; else the network's.",
                                             show_default=False)] = None,
    schedule: Annotated[str | None, typer.Option(help="How rates change on the way: settling, falling, adaptive or "
                                                 "constant; else settling, falling with --fresh, or constant with "
                                                 "--rates.", show_default=False)] = None,
    rates: Annotated[str | None, typer.Option(metavar="R[,R...]", help="Steps added to the rate shifts: 0..3 or off, "
                                              "one for all blocks or one a block; else the network's.",
                                              show_default=False)] = None,
    guard: Annotated[float | None, typer.Option(metavar="SHARE", help="Hold out this share of each class, keep the "
                                                "weights that answer most of it, and stop where it gets worse.",
                                                show_default=False)] = None,
    rehearse: Annotated[str | None, typer.Option(metavar="DATA", help="Mix in old samples, of a data set, an .npz, or "
                                                 "same: what the network was trained on.",
                                                 show_default=False)] = None,
    rehearse_share: Annotated[float | None, typer.Option(metavar="SHARE", help="So many old samples for each new one, "
                                                         "with --rehearse; else 0.1.", show_default=False)] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with random weights, not the trained ones.")] = False,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value of on_chip "
                                                       "without training again, for example on_chip.dead_zone=12.",
                                                       show_default=False)] = None,
    backend: Annotated[str, typer.Option(help=f"{described(learners())}.")] = "reference",
    simulator: Annotated[str | None, typer.Option(help="Of --backend rtl: icarus or verilator; else Verilator where it "
                                                  "is installed.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="The network file to write; else learned.safetensors beside the "
                                             "network.", show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that snnfpga learn did not write, "
                                            "or over the network that learns.")] = False,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Let a network go on learning, sample by sample, exactly as the chip does.

    Accuracy before and after is measured on the test samples, and on those of the data that the network was trained on
    where it learns from other data, by the integer reference, which gives what the hardware gives. The learned network
    is a network file like any other: evaluate it, build it, go on from it. Where a run's network learned, its folder
    gets learn.json, from which snnfpga report shows what was learned.

    Examples:

      snnfpga learn --samples 200

      snnfpga learn runs/digits --data drifted.npz --rehearse same --out adapted.safetensors

      snnfpga learn runs/digits --data new.npz --passes 5 --guard 0.2

      snnfpga learn runs/digits --samples 50 --backend rtl
    """
    from ..api.learn import run
    from ..backends.asked import Asked
    from ..runs.find import find_network

    check_name(backend, to_learn=True)
    check_simulator(simulator, backend)
    asked = Asked(data=data, samples=samples, passes=passes, shuffle=shuffle, seed=seed, schedule=schedule, rates=rates,
                  guard=guard, rehearse=rehearse, rehearse_share=rehearse_share, fresh=fresh,
                  settings=tuple(settings or ()))
    found = run(asked, find_network(target), backend, simulator, out, overwrite, data_root)
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
