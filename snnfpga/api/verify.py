"""A build's hardware in a simulator against the integer reference."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import InstanceOf

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError

from ..console import percent, progress, say
from .arguments import Count, OnLine, OnProgress, Place, Seed, Wanted, checked
from .build import Built
from .data import Given, named
from .defaults import VERIFIED
from .scope import verb
from .shown import Shown, Table

if TYPE_CHECKING:
    from sim.verify import Verification


LEAST = 2       # samples, of which one is halted


@dataclass(frozen=True, repr=False)
class Verified(Shown):
    """What was compared with the reference.

    Attributes
    ----------
    folder
        Of the build.
    digest, sources
        Of the build; and its files that were made anew and found equal.
    found
        What was compared, and how much of it differs.
    """

    folder: Path
    digest: str
    sources: tuple[str, ...]
    found: "Verification"

    @property
    def mismatches(self) -> int:
        """Values that differ."""
        return self.found.mismatches

    @property
    def compared(self) -> dict[str, int]:
        """Values that were compared, of each kind."""
        return dict(self.found.compared)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``snnfpga verify --json`` prints them (docs/commands.md)."""
        from ..backends.verification import facts

        return facts(self.found, self.digest, self.sources)

    def tables(self) -> list[Table]:
        """What was compared."""
        from ..backends.verification import windows_learned

        found = self.found
        return [Table(f"Verified {self.folder}", ("what", "measured"), [
            ("simulator", found.simulator), ("samples learned from", found.samples),
            ("windows learned from", windows_learned(found)),
            *((f"{kind} compared", number) for kind, number in found.compared.items()),
            ("mismatches", found.mismatches), ("made anew and equal", ", ".join(self.sources)),
            ("clock cycles", found.cycles),
            ("lane-cycles with a synaptic operation", percent(found.busy_lane_share))])]

    def refuse_differences(self) -> None:
        """Raise where a value differs, or where nothing was compared of some kind."""
        if self.found.mismatches:
            raise SnnfpgaError(f"{self.found.mismatches} values differ from the reference, first: "
                               f"{self.found.described[0]}; the hardware is not what was specified", FAILED)
        lacking = [kind for kind, number in self.found.compared.items() if number == 0]
        if lacking:
            raise SnnfpgaError(f"Nothing was compared of: {', '.join(lacking)}; raise --samples", FAILED)


Target = Annotated[InstanceOf[Built] | Place, Wanted(
    "a build's folder, or what snnfpga.build gave back")]


@checked
def verify(build: Target, *, simulator: str | None = None, samples: Count | None = None, seed: Seed = 0,
           data: Given = None, data_root: Place | None = None, on_progress: OnProgress = None,
           on_line: OnLine = None) -> Verified:
    """Run a build's hardware in a simulator, learning on, and compare it with the integer reference bit for bit.

    Parameters
    ----------
    build
        A build's folder, or what :func:`snnfpga.build` gave back.
    simulator
        ``icarus`` or ``verilator``; None for Verilator where it is installed.
    samples, seed
        So many training samples, drawn class by class; None for 40, or all where there are fewer.
    data, data_root, on_progress, on_line
        As :func:`snnfpga.evaluate`, but that samples in memory are all to learn from.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line; and if a value differs, or there was nothing to compare.
    """
    target = build.folder if isinstance(build, Built) else build
    with verb(on_progress, on_line), named(data, half="train") as name:
        found = run(Path(target), simulator, samples, seed, name,
                    None if data_root is None else Path(data_root))
        found.refuse_differences()
        return found


def _check_samples(samples: int) -> None:
    """Refuse, before any is simulated, so few samples that of some kind of value nothing is compared."""
    if samples < LEAST:
        raise SnnfpgaError(f"Samples must be at least {LEAST}, as spikes and membranes are compared in every other "
                           f"one, not {samples}; raise --samples", USAGE)


def run(target: Path | None, simulator: str | None, samples: int | None, seed: int, data: str | None,
        data_root: Path | None) -> Verified:
    """Compare, and leave ``verify.json`` for the report; what differs is not refused yet."""
    from board import plan, registry
    from board.build import check_sources
    from rtl_gen.contract.network_file import read

    from ..backends.registry import check_simulator
    from ..backends.simulated import check_place, preferred
    from ..backends.verification import check_record, verify_build, windows_learned, write_record
    from ..data.fit import check_fit, lessons
    from ..data.source import load_data
    from ..runs.find import find_build
    from ..runs.network_data import data_of

    check_simulator(simulator)
    if samples is not None:
        _check_samples(samples)
    folder = find_build(target)
    manifest = plan.verify(folder, facts=("network", "core", "board"))
    network_path = folder / str(manifest["network"])
    network = read(network_path)
    check_record(folder)
    check_place(network.spec, simulator)
    dataset = load_data(data_of(network_path, network.spec, data, data_root), labelled=("train",))
    check_fit(dataset, network.spec)
    split = lessons(dataset, samples or min(VERIFIED, len(dataset.train)) or None, seed)
    if len(split) < LEAST:
        raise SnnfpgaError(f"Data {dataset.name} must have at least {LEAST} training samples, as spikes and membranes "
                           f"are compared in every other one, not {len(split)}; give more samples", USAGE)
    with progress("making the board's sources anew", 2) as advance:
        sources = check_sources(folder, network.spec, registry.get(str(manifest["board"])))
        advance(1, "verifying in simulation")
        found = verify_build(folder, str(manifest["core"]), network, split, simulator or preferred())
        advance()
    verified = Verified(folder, str(manifest["digest"]), sources, found)
    write_record(folder, verified.to_dict())
    if not windows_learned(found) and any(block.directives.learns for block in network.spec.blocks):
        say("No window was learned from, so that learning was not compared; raise --samples")
    return verified
