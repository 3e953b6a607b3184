"""What `snnfpga diagnose` advises where a network fits too little or too much, each change alone, on three sets.

Run: ``python benchmarks/advice.py --data-root FOLDER``, some ten minutes of one core; writes
``docs/results/advice.json`` after each training and goes on where it stopped. Test accuracy after the last epoch, one
seed; the gains are what ``snnfpga/diagnosis/fit.py`` prints.
"""

import argparse
from pathlib import Path

from resumable import Results, train
from rich.console import Console
from rich.table import Table

from snnfpga.config.file import read_config
from snnfpga.data.source import load_data

PLAIN = ("hardware.blocks=[]", "training.event_drop=0", "training.batch=32", "training.rate=0.004",
         "training.epochs=6", "network.blocks=[[64],[32]]")
SETS: dict[str, tuple[int, tuple[str, ...]]] = {       # steps, and settings
    "digits-events": (16, ("learning.window=4",)),
    "braille": (32, ("learning.window=4",)),
    "nmnist-1100": (10, ("learning.window=4",)),
}


def changes(steps: int) -> dict[str, tuple[str, ...]]:
    """Each change of a set of so many steps, as settings."""
    return {
        "as it is": (),
        "wider": ("network.blocks=[[128],[64]]",),
        "delays": (f"data.delays=[{steps // 8},{steps // 4}]",),
        "normalise": ("network.normalise=weights",),
        "K": (f"learning.window={steps}",),
        "T": (f"data.steps={2 * steps}",),
        "epochs": ("training.epochs=12",),
        "event_drop": ("training.event_drop=0.2",),
        "shift": ("training.augment.time_shift=1",),
        "narrower": ("network.blocks=[[32],[16]]",),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True, metavar="FOLDER", help="where the recordings lie")
    arguments = parser.parse_args()
    results = Results("advice", "python benchmarks/advice.py --data-root FOLDER")
    table = Table("change", *SETS, title="Test accuracy (training), %", title_justify="left")
    cells: dict[str, list[str]] = {name: [] for name in changes(16)}
    for name, (steps, settings) in SETS.items():
        for change, own in changes(steps).items():
            config = read_config(None, [f"data.name={name}", f"data.steps={steps}", *PLAIN, *settings, *own,
                                        f"data.root={arguments.data_root}"])
            case = f"{name}: {change}"
            found = results.run(case, config, "seed 0", lambda config=config, case=case: train(
                config, load_data(config.data), case))
            cells[change].append(f"{found['test_accuracy']:.2f} ({found['train_accuracy']:.2f})")
    for change, row in cells.items():
        table.add_row(change, *row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
