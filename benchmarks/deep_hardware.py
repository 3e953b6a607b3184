"""Convolutions, depth, recurrence and residual currents from training to a verified core, as the command line does it.

    python benchmarks/deep_hardware.py [NAME ...]

Trains each network on ``digits-events``, builds it for the PYNQ-Z2, verifies the build with learning on in both
simulators, and lets it learn from random weights by the reference, which the hardware equals. Writes
``docs/results/deep_hardware.json`` after each network.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "deep_hardware.json"
COMMON = ("data.name=digits-events", "data.steps=8", "learning.window=4", "network.normalise=weights",
          "training.batch=32", "training.event_drop=0.05")
RESIDUAL = "-P2-".join(f"{filters}C3-{filters}C3-{filters}C3+2-{filters}C3-{filters}C3+2-{filters}C3"
                       for filters in (8, 8, 16))
# Settings; samples to verify by in Icarus and in Verilator; passes of learning from random weights.
NETWORKS: dict[str, tuple[tuple[str, ...], tuple[int, int], int]] = {
    "6 layers, a layer a block": (
        ('network.blocks=[["16C3"],["16C3"],["P2","32C3"],["32C3"],["P2","64"],["64"]]', "training.epochs=10"),
        (2, 10), 5),
    "6 layers, one block": (
        ("network.architecture=16C3-16C3-P2-32C3-32C3-P2-64-64", "network.block_depth=all", "training.epochs=10"),
        (2, 10), 5),
    "128R": (("network.architecture=128R", "training.epochs=20"), (2, 10), 10),
    "19 layers, residual, one block": (
        (f"network.architecture={RESIDUAL}", "network.block_depth=all", "training.epochs=10"), (1, 4), 2),
}


def snnfpga(*arguments: str, folder: Path) -> dict[str, object]:
    """What a command prints as JSON; ends the program with its error where it fails."""
    done = subprocess.run([sys.executable, "-m", "snnfpga", *arguments, "--json"], cwd=folder, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"snnfpga {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def measure(name: str, folder: Path) -> dict[str, object]:
    settings, samples, passes = NETWORKS[name]
    sets = [part for setting in (*COMMON, *settings, "hardware.lanes=16") for part in ("--set", setting)]
    began = time.perf_counter()
    found = {"trained": snnfpga("train", *sets, "--out", "run", folder=folder),
             "built": snnfpga("build", "run", "--out", "built", folder=folder)}
    found["verified"] = {simulator: snnfpga("verify", "built", "--simulator", simulator, "--samples", str(count),
                                            folder=folder)
                         for simulator, count in zip(("icarus", "verilator"), samples, strict=True)}
    found["learned_fresh"] = snnfpga("learn", "run", "--fresh", "--passes", str(passes), "--out", "fresh.safetensors",
                                     folder=folder)
    return {"settings": [*COMMON, *settings], **found, "seconds": round(time.perf_counter() - began, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}; none takes all")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in NETWORKS]
    if unknown:
        parser.error(f"networks are {', '.join(NETWORKS)}, not {', '.join(unknown)}")
    networks = json.loads(RESULTS.read_text("utf-8"))["networks"] if RESULTS.exists() else {}
    for name in arguments.names or NETWORKS:
        with tempfile.TemporaryDirectory(prefix="snnfpga-") as folder:
            networks[name] = measure(name, Path(folder))
        write_atomically(RESULTS, (json.dumps({"command": "python benchmarks/deep_hardware.py", **describe("pyosys"),
                                               "networks": networks}, indent=1) + "\n").encode())
    table = Table("network", "mismatches", "seconds")
    for name, row in networks.items():
        table.add_row(name, str([one["mismatches"] for one in row["verified"].values()]), str(row["seconds"]))
    Console().print(table)


if __name__ == "__main__":
    main()
