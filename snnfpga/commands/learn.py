"""``snnfpga learn``: a network goes on learning as the chip does, in chip arithmetic."""

from pathlib import Path
from typing import Annotated

import typer

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError

from ..backends.registry import check_name, described, learners
from ..console import percent, print_json, print_table, progress


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(help="Learn from the first so many training samples; else all.",
                                                show_default=False)] = None,
    backend: Annotated[str, typer.Option(help=f"{described(learners())}.")] = "reference",
    simulator: Annotated[str | None, typer.Option(help="icarus or verilator; else the first that is installed.",
                                                  show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="The network file to write; else learned.safetensors beside the "
                                             "network.", show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that snnfpga learn did not write, "
                                            "or over the network that learns.")] = False,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Let a network go on learning, sample by sample, exactly as the chip does.

    Accuracy before and after is measured on the test samples, by the integer reference, which gives what the hardware
    gives. The learned network is a network file like any other: evaluate it, build it, go on from it. Where a run's
    network learned, its folder gets learn.json, from which snnfpga report shows what was learned.

    Examples:

      snnfpga learn --samples 200

      snnfpga learn runs/digits --data drifted.npz --out adapted.safetensors

      snnfpga learn runs/digits --samples 50 --backend rtl
    """
    from rtl_gen.contract.network_file import read, write

    from ..backends import learn
    from ..data.fit import check_fit, some
    from ..data.source import load_data
    from ..runs.find import find_network
    from ..runs.learn_word import facts, is_word, leave_word, word_of
    from ..runs.network_data import data_of
    from ..runs.out_file import check_out

    check_name(backend, to_learn=True)
    path = find_network(target)
    network = read(path)
    out = out or path.parent / "learned.safetensors"
    check_out(out, lambda old: overwrite or (learn.is_learned(old) and not old.samefile(path)),
              "a network that snnfpga learn wrote, other than the one that learns",
              "name another file with --out, or give --overwrite")
    word = word_of(path)
    if word is not None:
        check_out(word, lambda old: overwrite or is_word(old), "what snnfpga learn leaves there for the report",
                  "move it away, or give --overwrite")
    dataset = load_data(data_of(path, network.spec, data, data_root))
    check_fit(dataset, network.spec)
    lessons, test = some(dataset, "train", samples), some(dataset, "test")
    if not any(block.directives.learning for block in network.spec.blocks):
        raise SnnfpgaError(f"Network {path} has no block with an update engine; train it with hardware.learning=true",
                           USAGE)
    with progress(f"learning on {backend}", 2 * len(test) + len(lessons)) as advance:
        before = learn.accuracy(network, test, advance)
        learned = learn.learn(network, lessons, backend, advance, simulator)
        after = learn.accuracy(learned.network, test, advance)
    if learned.differences.total:
        raise SnnfpgaError(f"Backend {backend} must learn as the reference does, and {learned.differences.summary()} "
                           f"differ of {sum(learned.differences.compared.values())} values compared, first: "
                           f"{learned.differences.described[0]}; do not build this network, report it", FAILED)
    counters = learned.counters
    found = facts(backend, dataset.name, path, len(lessons), before, after, counters, out)
    write(out, learned.network, notes=learn.learned_notes(path, after, len(lessons), dataset.name))
    if word is not None:
        leave_word(word, found)
    if as_json:
        print_json(found)
        return
    print_table(f"Learned from {path}", ("what", "measured"), [
        ("backend", backend), ("data", f"{dataset.name}, {len(lessons)} samples to learn from, {len(test)} to test"),
        ("accuracy before", percent(before)), ("accuracy after", percent(after)),
        ("weight updates formed", counters["updates"]), ("writes of a weight", counters["weights_written"]),
        ("saturations", counters["weight_saturations"]), ("network", out)])
