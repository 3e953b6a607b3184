"""Two runs, or two builds, side by side."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from board.build import NETWORK as BUILT
from board.plan import verify
from rtl_gen.contract.declared import state_buffer_bits
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.limits import hardware_refusals

from ..console import percent
from ..runs.find import CHECKPOINT, CONFIG, METRICS, NETWORK
from ..runs.folder import read_run_config
from .build import REPORT
from .classes import evaluation
from .figures import over_epochs
from .findings import VERIFY, read_object
from .memory import peak_activation_bytes
from .page import Page, Section
from .parts import Paragraph, Part, Table
from .run import Run, accuracy_tiles, size_tiles
from .target import is_build

NONE = "none"
Sides = tuple[str, str]


def page(one: Path, other: Path) -> Page:
    """The report of two runs or two builds.

    Raises
    ------
    SnnfpgaError
        If they are the same folder, or one is a run and the other a build, or a file of one is damaged.
    """
    if one.resolve() == other.resolve():
        raise SnnfpgaError(f"{one} and {other} are the same folder; name two, or one alone", USAGE)
    if is_build(one) is not is_build(other):
        raise SnnfpgaError(f"Of {one} and {other} one is a run and one a build; name two of a kind", USAGE)
    sides = str(one), str(other)
    sections = (_builds if is_build(one) else _runs)((one, other), sides)
    return Page(f"{one.name} and {other.name}", f"Two {'builds' if is_build(one) else 'runs'} side by side.", sections)


def _runs(folders: tuple[Path, Path], sides: Sides) -> tuple[Section, ...]:
    runs = [Run(folder) for folder in folders]
    return _run_glance(runs, sides), _epochs(runs, sides), _classes(runs, sides), _configurations(folders, sides)


def _run_glance(runs: Sequence[Run], sides: Sides) -> Section:
    about = "Both runs in numbers, each as in the report of its own."
    facts = []
    for run in runs:
        found = {about: value for value, about in (*accuracy_tiles(run), *(
            [] if run.network is None else size_tiles(run.network)))}
        if run.epochs:
            found |= {"epochs": run.epochs[-1]["epoch"], "seconds of training": round(run.epochs[-1]["seconds"], 1)}
        peak = peak_activation_bytes(run.folder)
        if peak is not None:
            found["bytes of activations kept, at the peak"] = peak
        if run.network is not None and not hardware_refusals(run.network.spec):
            found["bits of state for learning on chip"] = sum(
                state_buffer_bits(run.network.spec, block) for block in range(len(run.network.spec.blocks)))
        facts.append(found)
    sources = tuple(path for run in runs for path in run.sources(METRICS, CHECKPOINT))
    return Section("At a glance", about, (_beside(sides, *facts),), sources)


def _epochs(runs: Sequence[Run], sides: Sides) -> Section:
    about = "Accuracy of the last block's readout, and the loss of all blocks together, over the epochs of each run."
    if not all(run.epochs for run in runs):
        lacking = next(run for run in runs if not run.epochs)
        return Section("Over the epochs", about, missing=f"`{lacking.folder}`: {lacking.no_metrics}")
    epochs = range(1, max(run.epochs[-1]["epoch"] for run in runs) + 1)
    figures: list[Part] = []
    for title, unit, scale, key in (("Accuracy on test samples", "% right", 100, "test_accuracies"),
                                    ("Accuracy on samples held out", "% right", 100, "validation_accuracies")):
        curves = {side: _of_epochs(epochs, {line["epoch"]: line[key][-1] for line in run.epochs if line.get(key)})
                  for side, run in zip(sides, runs, strict=True)}
        if any(value is not None for values in curves.values() for value in values):
            figures.append(over_epochs(title, unit, list(epochs), curves, scale=scale))
    losses = {side: _of_epochs(epochs, {line["epoch"]: sum(loss for loss in line["losses"] if loss is not None)
                                        for line in run.epochs}) for side, run in zip(sides, runs, strict=True)}
    figures.append(over_epochs("Loss", "sum over the blocks", list(epochs), losses))
    return Section("Over the epochs", about, tuple(figures), tuple(p for run in runs for p in run.sources(METRICS)))


def _of_epochs(epochs: Sequence[int], values: dict[int, float]) -> list[float | None]:
    return [values.get(epoch) for epoch in epochs]


def _classes(runs: Sequence[Run], sides: Sides) -> Section:
    about = "The share of each class that is right, as each run's own samples have it."
    found = [evaluation(run.path(NETWORK)) for run in runs]
    for run, record in zip(runs, found, strict=True):
        if record is None:
            return Section("Classes", about, missing=f"`{run.folder}` has no record of its network as it is. "
                           f"`snnfpga evaluate {run.folder}` leaves one.")
    columns = [[NONE if share is None else percent(share, count) for share, count in zip(
        record["class_accuracies"], record["class_samples"], strict=True)] for record in found]
    longest = max(map(len, columns))
    rows = [(label, *(column[label] if label < len(column) else NONE for column in columns))
            for label in range(longest)]
    return Section("Classes", about, (Table(("class", *sides), rows),))


def _configurations(folders: tuple[Path, Path], sides: Sides) -> Section:
    about = "The keys of the configuration in which the runs differ; all others are the same."
    for folder in folders:
        if not (folder / CONFIG).exists():
            return Section("Configuration", about, missing=f"`{folder}` holds no `{CONFIG}`.")
    one, other = (dict(_leaves(read_run_config(folder).model_dump(mode="json"))) for folder in folders)
    return Section("Configuration", about, _differing(sides, one, other, "key"),
                   tuple(folder / CONFIG for folder in folders))


def _builds(folders: tuple[Path, Path], sides: Sides) -> tuple[Section, ...]:
    digests = [verify(folder)["digest"] for folder in folders]     # refuses files that are not as they were built
    found = [read_object(folder / REPORT, ("board", "cycles", "estimate", "lanes", "resources"), "snnfpga build")
             for folder in folders]
    facts = []
    for values in found:
        counted = values["resources"] or {key: f"{value:g} by formula" for key, value in values["estimate"].items()}
        mean = values["cycles"].get("sample_mean") or {}
        facts.append({
            "board": values["board"], "lanes": ", ".join(map(str, values["lanes"])),
            "cycles of a mean sample": _rounded(mean.get("running")),
            "cycles of one that is learned from": _rounded(mean.get("learning")),
            "cycles of a sample, silent": values["cycles"]["sample_silent"],
            "cycles of a sample, full": values["cycles"]["sample_full"],
            "bits of state for learning": values["state_buffer_bits"],
            **{amount["label"]: counted.get(key, "not counted") for key, amount in values["amounts"].items()},
            **({} if values["logic_delay_ps"] is None else {
                "logic delay, no routing, ns": round(values["logic_delay_ps"] / 1000, 2)})})
    sources = tuple(folder / name for folder in folders for name in (REPORT, BUILT))
    verified = [_verified(folder, digest) for folder, digest in zip(folders, digests, strict=True)]
    return (Section("At a glance", "Both builds in numbers. Cycles are by formula, and of a mean sample of the "
                    "data where they were measured for these lanes; resources are as Yosys counted them.",
                    (_beside(sides, *facts),), sources),
            Section("Verification", "What `snnfpga verify` compared with the integer reference, where it did.",
                    (_beside(sides, *verified),)))


def _rounded(cycles: float | None) -> int | str:
    return NONE if cycles is None else round(cycles)


def _verified(folder: Path, digest: object) -> dict[str, Any]:
    path = folder / VERIFY
    if not path.exists():
        return {"verified": "no"}
    record = read_object(path, ("digest", "compared", "mismatches", "cycles"), "snnfpga verify")
    if record["digest"] != digest:
        return {"verified": "no, but an earlier build was"}
    return {"verified": "yes", "values compared": sum(record["compared"].values()),
            "mismatches": record["mismatches"], "clock cycles": record["cycles"]}


def _beside(sides: Sides, one: dict[str, Any], other: dict[str, Any]) -> Table:
    """Facts of both under the names that either has."""
    return Table(("what", *sides), [(name, one.get(name, NONE), other.get(name, NONE))
                                    for name in dict.fromkeys((*one, *other))])


def _differing(sides: Sides, one: dict[str, Any], other: dict[str, Any], what: str) -> tuple[Part, ...]:
    rows = [(name, *(_written(values.get(name)) for values in (one, other)))
            for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]
    return (Table((what, *sides), rows, keys=True),) if rows else (Paragraph("Nothing differs."),)


def _leaves(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a table of tables, by their keys with dots."""
    if not isinstance(values, dict):
        yield path, values
        return
    for key, value in values.items():
        yield from _leaves(value, f"{path}.{key}" if path else key)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
