"""``snnfpga learn``: a network goes on learning as the chip does, in chip arithmetic."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError

from ..backends.registry import check_name, described, learners, make
from ..console import percent, print_json, print_table, progress, say

if TYPE_CHECKING:
    from rtl_gen.contract.network import Network
    from sim.compare import Comparison

    from ..backends.lessons import Plan
    from ..data.dataset import DataSet, Split

SAME = "same"       # what --rehearse takes for the data that the network was trained on


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(help="Learn from so many training samples, drawn class by class; else "
                                                "all.", show_default=False)] = None,
    passes: Annotated[int, typer.Option(min=1, max=100_000, help="Times that the samples are learned from.")] = 1,
    shuffle: Annotated[bool, typer.Option("--shuffle/--in-order", help="Whether the seed draws the order of the "
                                          "samples, for each pass anew.")] = True,
    seed: Annotated[int | None, typer.Option(min=0, help="Draws samples and order; else the network's.",
                                             show_default=False)] = None,
    schedule: Annotated[str | None, typer.Option(help="How rates change on the way: falling, adaptive or constant; "
                                                 "else falling, or constant with --rates.", show_default=False)] = None,
    rates: Annotated[str | None, typer.Option(metavar="R[,R...]", help="Steps added to the rate shifts: 0..3 or off, "
                                              "one for all blocks or one a block; else the network's.",
                                              show_default=False)] = None,
    guard: Annotated[float | None, typer.Option(metavar="SHARE", help="Hold out this share of each class, keep the "
                                                "weights that answer most of it, and stop where it gets worse.",
                                                show_default=False)] = None,
    rehearse: Annotated[str | None, typer.Option(metavar="DATA", help="Mix in old samples, of a data set, an .npz, or "
                                                 f"{SAME}: what the network was trained on.",
                                                 show_default=False)] = None,
    rehearse_share: Annotated[float | None, typer.Option(metavar="SHARE", help="So many old samples for each new one, "
                                                         "with --rehearse; else 0.1.", show_default=False)] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with random weights, not the trained ones.")] = False,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value of on_chip "
                                                       "without training again, for example on_chip.dead_zone=12.",
                                                       show_default=False)] = None,
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
    from rtl_gen.contract.network_file import read, read_notes, write

    from ..backends import learn
    from ..backends.study import study
    from ..calibration.calibrate import CALIBRATION
    from ..calibration.given import with_settings
    from ..data.fit import some
    from ..runs.find import find_network
    from ..runs.learn_record import facts, record_place, write_record

    check_name(backend, to_learn=True)
    path = find_network(target)
    given = network = read(path)
    if settings:
        network = with_settings(network, settings)
    out = out or path.parent / "learned.safetensors"
    record = record_place(path)
    _check_files(path, out, record, overwrite)
    dataset = _data(path, network, data, data_root)
    new, test = _drawn(dataset, samples, network.spec.seed if seed is None else seed), some(dataset, "test")
    plan = _plan(path, network, passes, shuffle, seed, schedule, rates, guard, rehearse, rehearse_share,
                 new)
    _check_learns(path, network, new)
    learn.check(network, backend, {"train": new, "test": test}, f"data {dataset.name}")
    make(backend, network, simulator)       # it may lack a place, or a tool, which is better said now
    if rehearse is None and rehearse_share is not None:
        raise SnnfpgaError("--rehearse-share says how many old samples are mixed in, and --rehearse names none; give "
                           "it, or leave the share out", USAGE)
    if "trials" not in json.loads(read_notes(path).get(CALIBRATION, "{}")) and not (rates or settings or fresh):
        say(f"Network {path} was not calibrated for learning on chip, by an earlier snnfpga or for want of samples: "
            "learning may make it worse; hold samples out with --guard 0.2, or learn slower with --rates 3")
    original = None if data is None else _original(path, given, data_root)
    old = None if rehearse is None else _data(path, network, None if rehearse == SAME else rehearse, data_root).train
    if fresh:
        from ..backends.fresh import fresh as random_weights

        network = random_weights(network, new, plan.seed)
    with progress(f"learning on {backend}", None) as advance:
        found = study(network, new, old, test, original, plan, backend, simulator, advance, say)
    _refuse_differences(backend, found.differences)
    values = facts(backend, dataset.name, path, found.lessons, found.before, found.after, found.counters, out)
    values |= found.more | {"rates": rates, "settings": settings or [], "fresh": fresh}
    write(out, found.network, notes=learn.learned_notes(path, found.after, found.lessons, dataset.name))
    if record is not None:
        write_record(record, values)
    _warn(values)
    if as_json:
        print_json(values)
    else:
        _show(values, path, len(test), found.counters)


def _data(path: Path, network: "Network", name: str | None, root: Path | None) -> "DataSet":
    """The data to learn from, which fits the network."""
    from ..data.fit import check_fit
    from ..data.source import load_data
    from ..runs.network_data import data_of

    dataset = load_data(data_of(path, network.spec, name, root), labelled=("test",))
    check_fit(dataset, network.spec)
    return dataset


def _drawn(dataset: "DataSet", samples: int | None, seed: int) -> "Split":
    """The samples to learn from, as they lie in the data."""
    from ..data.fit import some

    return some(dataset, "train", samples, seed)


def _original(path: Path, network: "Network", root: Path | None) -> "Split | None":
    """Test samples of the data that the network was trained on; None, and a line, where they cannot be had."""
    from ..runs.held_out import with_unseen

    try:
        dataset, _ = with_unseen(_data(path, network, None, root), path)
    except SnnfpgaError as error:
        say(f"Accuracy on the original data is not measured: {error}")
        return None
    if not len(dataset.test):
        say(f"Accuracy on the original data is not measured: {dataset.name} has no test samples")
        return None
    return dataset.test


def _plan(path: Path, network: "Network", passes: int, shuffle: bool, seed: int | None, schedule: str | None,
          rates: str | None, guard: float | None, rehearse: str | None, rehearse_share: float | None,
          new: "Split") -> "Plan":
    """What was asked for, checked."""
    from board.host.options import rates_of
    from board.host.schedule import DEFAULT, Schedule
    from rtl_gen.contract.network_file import read_notes

    from ..backends.lessons import Plan
    from ..calibration.calibrate import CALIBRATION

    if rehearse_share is None:
        rehearse_share = Plan.rehearse
    if not 0 < rehearse_share <= 10:
        raise SnnfpgaError(f"--rehearse-share must be above 0 and at most 10, not {rehearse_share:g}", USAGE)
    if new.step_labels is not None and (passes > 1 or guard is not None or schedule or rates or rehearse):
        raise SnnfpgaError("Samples with labels of steps are learned from once, at the network's rates; leave "
                           "--passes, --guard, --schedule, --rates and --rehearse out", USAGE)
    note = read_notes(path).get(CALIBRATION)
    known = None if note is None else json.loads(note).get("accuracy")
    asked = rates_of(rates, len(network.spec.blocks))
    plan = Plan(passes=passes, shuffled=shuffle, seed=network.spec.seed if seed is None else seed, rates=asked,
                schedule=schedule or (DEFAULT if asked is None else "constant"), guard=guard,
                expected=0.0 if known is None else 1 - known, rehearse=rehearse_share)
    Schedule(plan.schedule, network.rates, 1, plan.expected)        # refuses one that there is not
    return plan


def _warn(found: dict[str, Any]) -> None:
    """Say where learning made things worse."""
    from ..report.worse import worse

    for line in worse(found):
        say(f"Warning: {line}")


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
    original = ("original_accuracy_before", "original_accuracy_after")
    old = f", {found['rehearsed']} of them old ones" if found.get("rehearsed") else ""
    print_table(f"Learned from {network}", ("what", "measured"), [
        ("backend", found["backend"]),
        ("data", f"{found['data']}, {found['samples']} lessons{old}, {tested} samples to test"),
        ("accuracy before", percent(found["accuracy_before"])), ("accuracy after", percent(found["accuracy_after"])),
        *((f"  on the original data, {name.rpartition('_')[2]}", percent(found[name]))
          for name in original if name in found),
        *((f"{things} without a label, not learned from", found[key])
          for things, key in (("windows", "windows_unlabelled"), ("samples", "unlabelled")) if found.get(key)),
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
                  "move it away, or give --overwrite")


def _refuse_differences(backend: str, differences: "Comparison") -> None:
    """A backend that learned otherwise than the reference is a fault of ours: nothing is written."""
    if differences.total:
        raise SnnfpgaError(f"Backend {backend} must learn as the reference does, and {differences.summary()} "
                           f"differ of {sum(differences.compared.values())} values compared, first: "
                           f"{differences.described[0]}; do not build this network, report it", FAILED)
