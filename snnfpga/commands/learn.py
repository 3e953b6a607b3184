"""``snnfpga learn``: a network goes on learning as the chip does, in chip arithmetic."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError

from ..backends.registry import check_name, described, learners
from ..console import percent, print_json, print_table, progress, say

if TYPE_CHECKING:
    from rtl_gen.contract.network import Network
    from sim.compare import Comparison

    from ..data.dataset import DataSet, Split


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(help="Learn from so many training samples, drawn class by class; else "
                                                "all. Their order is drawn too.", show_default=False)] = None,
    backend: Annotated[str, typer.Option(help=f"{described(learners())}.")] = "reference",
    simulator: Annotated[str | None, typer.Option(help="icarus or verilator; else Verilator where it is installed.",
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
    from ..backends.windows import unlabelled
    from ..data.fit import lessons, some
    from ..runs.find import find_network
    from ..runs.learn_record import facts, record_place, write_record

    check_name(backend, to_learn=True)
    path = find_network(target)
    network = read(path)
    out = out or path.parent / "learned.safetensors"
    record = record_place(path)
    _check_files(path, out, record, overwrite)
    dataset = _data(path, network, data, data_root)
    taught, test = lessons(dataset, samples, network.spec.seed), some(dataset, "test")
    _check_learns(path, network, taught)
    learn.check(network, backend, {"train": taught, "test": test}, f"data {dataset.name}")
    with progress(f"learning on {backend}", 2 * len(test) + len(taught)) as advance:
        before = learn.accuracy(network, test, advance)
        learned = learn.learn(network, taught, backend, advance, simulator)
        after = learn.accuracy(learned.network, test, advance)
    _refuse_differences(backend, learned.differences)
    found = facts(backend, dataset.name, path, len(taught), before, after, learned.counters, out)
    if windows_unlabelled := unlabelled(network.spec, taught):
        found["windows_unlabelled"] = windows_unlabelled
    write(out, learned.network, notes=learn.learned_notes(path, after, len(taught), dataset.name))
    if record is not None:
        write_record(record, found)
    if as_json:
        print_json(found)
    else:
        _show(found, path, len(test), learned.counters)


def _data(path: Path, network: "Network", name: str | None, root: Path | None) -> "DataSet":
    """The data to learn from, which fits the network."""
    from ..data.fit import check_fit
    from ..data.source import load_data
    from ..runs.network_data import data_of

    dataset = load_data(data_of(path, network.spec, name, root))
    check_fit(dataset, network.spec)
    return dataset


def _check_learns(path: Path, network: "Network", lessons: "Split") -> None:
    """Refuse a network of which no block has an update engine, or can learn from any sample; warn of short samples."""
    from rtl_gen.contract.futile import futile_blocks, least_steps

    from ..training.futile import refuse_futile, short_samples

    if not any(block.directives.learns for block in network.spec.blocks):
        raise SnnfpgaError(f"Network {path} has no block with an update engine; train it with hardware.learning=true",
                           USAGE)
    refuse_futile(network.spec)
    for block, reason in futile_blocks(network.spec).items():
        say(f"Warning: block {block} can never learn on chip: {reason}")
    least = min(least_steps(block) for block in network.spec.blocks if block.directives.learns)
    longest = max(lessons.steps_of(sample) for sample in range(len(lessons)))
    if longest < least:
        raise SnnfpgaError(f"Network {path} learns from samples of at least {least} steps, and the longest has "
                           f"{longest}; train it with a smaller learning.window or update_interval, or more "
                           "loss_steps", USAGE)
    for line in short_samples(lessons, least):
        say(f"Warning: {line}")


def _show(found: dict[str, Any], network: Path, tested: int, counters: dict[str, int]) -> None:
    """Print what was learned, for people."""
    print_table(f"Learned from {network}", ("what", "measured"), [
        ("backend", found["backend"]),
        ("data", f"{found['data']}, {found['samples']} samples to learn from, {tested} to test"),
        ("accuracy before", percent(found["accuracy_before"])), ("accuracy after", percent(found["accuracy_after"])),
        *(("windows without a label, not learned from", found[key]) for key in ("windows_unlabelled",) if key in found),
        ("weight updates formed", counters["updates"]), ("writes of a weight", counters["weights_written"]),
        ("saturations", counters["weight_saturations"]), ("network", found["network"])])


def _check_files(network: Path, out: Path, record: Path | None, overwrite: bool) -> None:
    """Refuse to write over what ``snnfpga learn`` did not write, and over the network that learns."""
    from ..backends.learn import is_learned
    from ..runs.learn_record import is_record
    from ..runs.out_file import check_out

    if out.exists() and out.samefile(network) and not overwrite:
        raise SnnfpgaError(f"--out {out} is the network that learns, which would be lost; name another file, or give "
                           "--overwrite", USAGE)
    check_out(out, lambda old: overwrite or is_learned(old), "a network that snnfpga learn wrote",
              "name another file with --out, or give --overwrite")
    if record is not None:
        check_out(record, lambda old: overwrite or is_record(old), "what snnfpga learn leaves there for the report",
                  "move it away, or give --overwrite", keep=False)


def _refuse_differences(backend: str, differences: "Comparison") -> None:
    """A backend that learned otherwise than the reference is a fault of ours: nothing is written."""
    if differences.total:
        raise SnnfpgaError(f"Backend {backend} must learn as the reference does, and {differences.summary()} "
                           f"differ of {sum(differences.compared.values())} values compared, first: "
                           f"{differences.described[0]}; do not build this network, report it", FAILED)
