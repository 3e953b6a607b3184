"""A network goes on learning as the chip does, in chip arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError

from ..backends.registry import check_name, check_simulator, make
from ..console import percent, progress, say
from ..report.worse import worse
from .arguments import Changes, Count, Flag, Number, OnLine, OnProgress, Place, Seed, Wanted, Whole, checked, listed
from .configure import settings_of
from .data import Given, named
from .defaults import MOST_PASSES
from .network import Network, load, located, network_of
from .scope import verb
from .shown import Shown, Table

if TYPE_CHECKING:
    from sim.compare import Comparison

    from ..backends.asked import Asked


@dataclass(frozen=True, repr=False)
class Learned(Shown):
    """What was learned, and measured before and after.

    Attributes
    ----------
    values
        Everything, as ``snnfpga learn --json`` prints it (docs/commands.md).
    """

    values: Mapping[str, Any]

    @property
    def accuracy_before(self) -> float:
        """On the test samples, before anything was learned."""
        return self.values["accuracy_before"]

    @property
    def accuracy_after(self) -> float:
        """On the test samples, afterwards."""
        return self.values["accuracy_after"]

    @property
    def curve(self) -> list[dict[str, Any]]:
        """Accuracy on the way, by lessons; empty of samples whose steps have labels."""
        return list(self.values.get("curve", []))

    @property
    def counters(self) -> dict[str, int]:
        """What the chip counted, each summed over the blocks."""
        return dict(self.values["counters"])

    @property
    def path(self) -> Path:
        """The file of what was learned."""
        return Path(self.values["network"])

    @property
    def network(self) -> Network:
        """What was learned, read from its file."""
        return load(self.path)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``snnfpga learn --json`` prints them (docs/commands.md)."""
        return dict(self.values)

    def tables(self) -> list[Table]:
        """What was learned."""
        found = self.values
        tested, counters = found["test_samples"], found["counters"]
        original = ("original_accuracy_before", "original_accuracy_after")
        old = f", {found['rehearsed']} old ones in each pass" if found.get("rehearsed") else ""
        return [Table(f"Learned from {found['source']}", ("what", "measured"), [
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
            ("saturations", counters["weight_saturations"]), ("network", found["network"])])]


Passes = Annotated[Whole, Field(ge=1, le=MOST_PASSES)]
Rates = Annotated[list[Whole | str], BeforeValidator(listed), Wanted("0 .. 3 or 'off', or a list of one for each "
                                                                     "block")]


@checked
def learn(network: Any, *, data: Given = None, samples: Count | None = None, passes: Passes = 1,
          shuffle: Flag = True, seed: Seed | None = None, schedule: str | None = None, rates: Rates | None = None,
          guard: Number | None = None, rehearse: Given = None, rehearse_share: Number | None = None,
          fresh: Flag = False, changes: Changes | None = None, backend: str = "reference",
          simulator: str | None = None, out: Place | None = None, overwrite: Flag = False,
          data_root: Place | None = None, on_progress: OnProgress = None, on_line: OnLine = None) -> Learned:
    """Let a network go on learning, sample by sample, exactly as the chip does, as ``snnfpga learn`` does.

    Parameters
    ----------
    network
        As :func:`snnfpga.evaluate` takes it.
    data
        As :func:`snnfpga.train` takes it; None for what the network was trained on. Its train samples are learned from,
        accuracy is measured on its test samples.
    samples
        Learn from so many, drawn class by class; None for all.
    passes, shuffle, seed
        Times that they are learned from; whether the seed draws their order; and the seed, None for the network's.
    schedule
        ``settling``, ``falling``, ``adaptive`` or ``constant``: how rates change on the way.
    rates
        Steps added to the rate shifts: 0 .. 3 or ``off``, one for all blocks or one for each; None for the network's.
    guard
        Hold out this share of each class, keep the weights that answer most of it, and stop where it gets worse.
    rehearse, rehearse_share
        Data of which so many old samples are mixed in for each new one; ``same`` for what the network was trained on.
    fresh
        Begin with random weights.
    changes
        Values of ``on_chip`` to change without training again: ``{"on_chip.dead_zone": 12}``.
    backend, simulator
        ``reference`` or ``rtl``; and ``icarus`` or ``verilator``, None for what is here.
    out
        The network file to write; None for ``learned.safetensors`` beside the network, which must have a file then.
    overwrite
        Whether ``out`` may replace a file that ``learn`` did not write.
    data_root, on_progress, on_line
        As :func:`snnfpga.evaluate`.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line.
    """
    check_name(backend, to_learn=True)
    network = network_of(network)
    if out is None and isinstance(network, Network) and network.path is None:
        raise SnnfpgaError("A network that is in memory alone has no folder for what is learned; give out, or save the "
                           "network first", USAGE)
    with verb(on_progress, on_line), located(network) as path, named(data) as new, named(rehearse, "train") as old:
        from ..backends.asked import Asked

        asked = Asked(
            data=new, samples=samples, passes=passes, shuffle=shuffle, seed=seed, schedule=schedule,
            rates=None if rates is None else ",".join(map(str, rates)), guard=guard,
            rehearse=old, rehearse_share=rehearse_share, fresh=fresh,
            settings=settings_of(changes or {}))
        return run(asked, path, backend, simulator, None if out is None else Path(out), overwrite,
                   None if data_root is None else Path(data_root))


def run(asked: "Asked", path: Path, backend: str, simulator: str | None, out: Path | None, overwrite: bool,
        data_root: Path | None) -> Learned:
    """Let the network at ``path`` learn, and write what was learned; raises as :func:`learn`."""
    from rtl_gen.contract.network_file import read, write

    from ..backends import learn as learning
    from ..backends.able import check_able
    from ..backends.lesson_data import lesson_data, original, rehearsed
    from ..backends.study import study
    from ..calibration.given import with_settings
    from ..runs.learn_record import facts, record_place, write_record

    check_simulator(simulator, backend)
    given = read(path)
    network = with_settings(given, asked.settings) if asked.settings else given
    out = out or path.parent / "learned.safetensors"
    record = record_place(path)
    _check_files(path, out, record, overwrite)
    plan = asked.plan(path, network)
    make(backend, network, simulator)       # it may lack a place, or a tool, which is better said now
    data = lesson_data(asked, path, network, data_root)
    asked.check_lessons(data.new)
    check_able(path, network, data.new)
    learning.check(network, {"train": data.new, "test": data.test}, f"data {data.name}")
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
    write(out, found.network, notes=learning.learned_notes(path, found.after, found.lessons, data.name))
    if record is not None:
        write_record(record, values)
    for line in worse(values):
        say(f"Warning: {line}")
    return Learned(values)


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
