"""The learning rules beside one another: the same network, data, epochs and seeds.

Run: ``python benchmarks/rules.py [PART ...] [--data-root FOLDER]``; parts are ``recall`` (embedded), ``nmnist-1100``,
``braille`` and ``braille delayed`` (they need the folder). Writes ``docs/results/rules.json`` after each training and
skips what is in there for the same configuration. Accuracy is that after the last epoch. Folds are drawn over all
samples of a set, stratified, seed 0; fold k also seeds the run. The settings were tried once, on each set's own split,
whose test samples are in the folds, and not tuned; they are the same for every rule. The delays were chosen on other
folds of the same samples, by a larger network under bptt.
"""

import argparse
from functools import partial
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

from resumable import FOLDS, Results, fold, train
from rich.console import Console
from rich.table import Table

from snnfpga.config.models import Config
from snnfpga.data.registry import DataOptions, load

# The answer's steps alone have a loss, so that what the cue's weights learn has to come across the silence.
ANSWER = {"accumulate": "window", "select": "last", "selected_steps": 4}
RECALL = {"network": {"blocks": [[64]], "leak_shift": 5, "gain": 0.5}, "training": {"epochs": 20, "rate": 5e-3}}
NMNIST = {"network": {"blocks": [[200]]}, "training": {"epochs": 12, "event_drop": 0.3}}
BRAILLE = {"network": {"blocks": [[128]], "leak_shift": 4}, "training": {"epochs": 20, "rate": 3e-3}}
BY_STEPS = ("sltt", "ottt", "s-tllr", "tess", "decolle", "lls")


def all_rules(window: int) -> dict[str, dict[str, Any]]:
    """``learning`` of every rule."""
    return {"bptt": {"rule": "bptt"}, "truncated-local": {"rule": "truncated-local", "window": window},
            **{rule: {"rule": rule} for rule in BY_STEPS}}


PARTS: dict[str, dict[str, Any]] = {
    "recall": {"data": {"steps": 24}, "base": RECALL, "rules": {
        **{f"truncated-local, K = {k}": {"rule": "truncated-local", "window": k, "loss_at": "step", **ANSWER}
           for k in (1, 2, 4, 8, 12, 24)},
        **{rule: {"rule": rule, **ANSWER} for rule in BY_STEPS},
        "s-tllr, slow traces": {"rule": "s-tllr", "traces": {"pre": "leak", "post": 0.9}, **ANSWER}}},
    "nmnist-1100": {"data": {"steps": 20}, "base": NMNIST, "rules": all_rules(window=5)},
    "braille": {"data": {"steps": 64}, "base": BRAILLE, "rules": all_rules(window=8)},
    # With one layer decolle is ottt, and lls is sltt: not once more.
    "braille delayed": {"data": {"steps": 64, "delays": (8, 16, 32)}, "base": BRAILLE, "rules": {
        name: learning for name, learning in all_rules(window=8).items() if name not in ("decolle", "lls")}},
}


def show(part: str, entries: dict[str, list[dict[str, Any]]]) -> None:
    table = Table("rule", "folds", "mean", "deviation", "activations, bytes", "seconds a fold",
                  title=f"{part}: test accuracy after the last epoch, {FOLDS} folds", title_justify="left")
    for name, folds in entries.items():
        found = [one["test_accuracy"] for one in folds]
        table.add_row(name, " ".join(map(str, found)), f"{mean(found):.2f}", f"{pstdev(found):.2f}",
                      str(folds[0]["peak_activation_bytes"]), f"{mean(one['seconds'] for one in folds):.1f}")
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none takes all")
    parser.add_argument("--data-root", type=Path, metavar="FOLDER", help="where recorded data lies")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"parts are {', '.join(PARTS)}, not {', '.join(unknown)}")
    results = Results("rules", "python benchmarks/rules.py --data-root FOLDER")
    for part in arguments.parts or PARTS:
        chosen, entries = PARTS[part], {}
        data = load(part.split()[0], DataOptions(**chosen["data"], root=arguments.data_root))
        splits = [fold(data, number) for number in range(FOLDS)]
        for name, learning in chosen["rules"].items():
            config = Config.model_validate(chosen["base"] | {"learning": learning})
            entries[name] = [results.run(f"{part}, {name}", config, f"fold {number}", partial(
                train, config.model_copy(update={"seed": number}), split, f"{part} {name} fold {number}"))
                for number, split in enumerate(splits)]
        show(part, entries)


if __name__ == "__main__":
    main()
