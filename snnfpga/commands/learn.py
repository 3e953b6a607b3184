"""``snnfpga learn``: a network goes on learning as the chip does, in chip arithmetic."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError

from ..backends.registry import check_name, described, learners, make
from ..console import percent, print_json, print_table, progress, say
from ..report.worse import worse

if TYPE_CHECKING:
    from sim.compare import Comparison

    from ..backends.asked import Asked

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
    from ..backends.asked import Asked

    check_name(backend, to_learn=True)
    asked = Asked(data=data, samples=samples, passes=passes, shuffle=shuffle, seed=seed, schedule=schedule, rates=rates,
                  guard=guard, rehearse=rehearse, rehearse_share=rehearse_share, fresh=fresh,
                  settings=tuple(settings or ()))
    values = run(asked, target, backend, simulator, out, overwrite, data_root)
    for line in worse(values):
        say(f"Warning: {line}")
    if as_json:
        print_json(values)
    else:
        _show(values)


def run(asked: "Asked", target: Path | None, backend: str, simulator: str | None, out: Path | None, overwrite: bool,
        data_root: Path | None) -> dict[str, Any]:
    """Learn, and write what was learned; give what ``--json`` prints (docs/commands.md)."""
    from rtl_gen.contract.network_file import read, write

    from ..backends import learn
    from ..backends.able import check_able
    from ..backends.lesson_data import lesson_data, original, rehearsed
    from ..backends.study import study
    from ..calibration.given import with_settings
    from ..runs.find import find_network
    from ..runs.learn_record import facts, record_place, write_record

    path = find_network(target)
    given = read(path)
    network = with_settings(given, asked.settings) if asked.settings else given
    out = out or path.parent / "learned.safetensors"
    record = record_place(path)
    _check_files(path, out, record, overwrite)
    data = lesson_data(asked, path, network, data_root)
    plan = asked.plan(path, network, data.new)
    check_able(path, network, data.new)
    learn.check(network, {"train": data.new, "test": data.test}, f"data {data.name}")
    make(backend, network, simulator)       # it may lack a place, or a tool, which is better said now
    if asked.uncalibrated(path):
        say(f"Network {path} was not calibrated for learning on chip, by an earlier snnfpga or for want of samples: "
            "learning may make it worse; hold samples out with --guard 0.2, or learn slower with --rates 3")
    before = None if asked.data is None else original(path, given, data_root)
    old = rehearsed(asked, path, network, data_root)
    if asked.fresh:
        from ..backends.fresh import fresh as random_weights

        network = random_weights(network, data.new, plan.seed)
    with progress(f"learning on {backend}", None) as advance:
        found = study(network, data.new, old, data.test, before, plan, backend, simulator, advance, say)
    _refuse_differences(backend, found.differences)
    values = facts(backend, data.name, path, found.lessons, found.before, found.after, found.counters, out)
    values |= found.more | asked.facts()
    write(out, found.network, notes=learn.learned_notes(path, found.after, found.lessons, data.name))
    if record is not None:
        write_record(record, values)
    return values


def _show(found: dict[str, Any]) -> None:
    """Print what was learned, for people."""
    tested, counters = found["test_samples"], found["counters"]
    original = ("original_accuracy_before", "original_accuracy_after")
    old = f", {found['rehearsed']} old ones in each pass" if found.get("rehearsed") else ""
    print_table(f"Learned from {found['source']}", ("what", "measured"), [
        ("backend", found["backend"]),
        ("data", f"{found['data']}, {found['samples']} lessons{old}, {tested} samples to test"),
        ("accuracy before", percent(found["accuracy_before"], tested)),
        ("accuracy after", percent(found["accuracy_after"], tested)),
        *((f"  on the original data, {name.rpartition('_')[2]}", percent(found[name], found["original_samples"]))
          for name in original if name in found),
        *((f"{things} without a label, not learned from", found[key])
          for things, key in (("windows", "windows_unlabelled"), ("samples", "unlabelled")) if found.get(key)),
        *([("lessons answered and not learned from, as no more were wrong than is usual", found["lessons_off"])]
          if found.get("lessons_off") and found["schedule"] == "settling" else []),
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
