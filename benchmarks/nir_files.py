"""Nine networks of four frameworks, imported: how far they are from what their frameworks computed.

Run: ``python benchmarks/nir_files.py --data-root FOLDER [--tune]``, some minutes of one core; writes
``docs/results/nir_files.json``. ``FOLDER/nir`` holds the files and, for 100 samples, every spike of the source.
Accuracy is of 360 test digits that are drawn here, 16 steps of a rate code; the source's is that of its equations in
float64, which are first seen to give every recorded spike. ``data`` is an import that is fitted to the 1437 other
digits, without their labels; ``--tune`` trains that one for an epoch on them, and without it what is there of an
earlier run stays.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.network_file import write
from snnfpga.config.models import Config
from snnfpga.data.dataset import DataSet, Split
from snnfpga.importers.chain import chain_of
from snnfpga.importers.computed import computed
from snnfpga.importers.conventions.base import Said
from snnfpga.importers.conventions.registry import convention_of
from snnfpga.importers.importing import Source, import_nir
from snnfpga.importers.nir_file import read_graph
from snnfpga.importers.recorded import compared, read_recorded
from snnfpga.network.frontends.network_file import settings_in
from snnfpga.network.inference import evaluate, weights_of
from snnfpga.training.start import RATE
from snnfpga.training.trainer import Trainer, prepare

OUT = Path(__file__).parent.parent / "docs/results/nir_files.json"
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "snntorch_mlp": ("snntorch", {}), "snntorch_mlp_zero": ("snntorch", {"reset": "zero"}),
    "snntorch_conv": ("snntorch", {}), "norse_mlp": ("norse", {}), "norse_li": ("norse", {}),
    "spikingjelly_mlp": ("spikingjelly", {}), "spikingjelly_conv_if": ("spikingjelly", {}),
    "sinabs_mlp_iaf": ("sinabs", {}), "sinabs_mlp_lif": ("sinabs", {}),
}
STEPS, TRAIN = 16, 1437
SEVERAL = ("sinabs_mlp_lif",)       # its neurons may fire more than once in a step


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Spikes (1797, T, 2, 8, 8) uint8 of value and of what is left of it, and labels; the last 360 are of the test."""
    held = load_digits()
    order = np.random.RandomState(0).permutation(len(held.target))
    values = held.images[order] / 16.0
    rng = np.random.default_rng(5)
    both = np.stack([values, 1.0 - values], 1)[:, None]
    return (rng.random((len(order), STEPS, 2, 8, 8)) < both).astype(np.uint8), held.target[order]


def measured(folder: Path, name: str, spikes: np.ndarray, labels: np.ndarray, tune: bool) -> dict[str, Any]:
    """What is found of a file."""
    source, said = FILES[name]
    recorded = read_recorded(folder / f"{name}.npz")
    chain = chain_of(read_graph(folder / f"{name}.nir")[0], convention_of(source), Said(**said))
    shape = chain.shape
    given = recorded.unpacked("inputs_packed", int(np.prod(shape))).reshape(STEPS, -1, *shape)
    found = computed(chain, torch.from_numpy(given).double(), name in SEVERAL)[0]
    differing = 0
    for index, layer in enumerate(found):
        theirs = recorded.fields.get(f"layer{index}_spikes_multi")
        own = layer.reshape(STEPS, len(layer[0]), -1).numpy()
        theirs = recorded.unpacked(f"layer{index}_spikes_packed", own.shape[-1]) if theirs is None else theirs
        differing += int((own != theirs).sum())
    seen = spikes if len(shape) == 3 else spikes[:, :, 0].reshape(len(spikes), STEPS, -1)
    answers = computed(chain, torch.from_numpy(seen[TRAIN:]).double().transpose(0, 1), name in SEVERAL)[1]
    ours = np.moveaxis(seen, 2, -1) if len(shape) == 3 else seen
    ours = np.ascontiguousarray(ours.reshape(len(seen), STEPS, -1))
    sensor = (shape[1], shape[2], shape[0]) if len(shape) == 3 else (1, shape[0], 1)
    halves = [Split(ours[part], labels[part].astype(np.int64)) for part in (slice(0, TRAIN), slice(TRAIN, None))]
    facts: dict[str, Any] = {"source_differs": differing,
                             "source": float((answers.argmax(1).numpy() == labels[TRAIN:]).mean())}
    for case, bits, data in (("16", 16, None), ("8", 8, None), ("data", 8, _saved(halves[0], sensor))):
        made = import_nir(folder / f"{name}.nir", source, Said(**said), reading="sum" if name == "norse_li" else None,
                          data=data, settings=(f"network.weight_bits={bits}", f"hardware.max_steps={STEPS}"))
        beside = compared(made.made.network, made.made.sources, recorded)
        network = made.made.network
        facts |= {f"counts_{case}": beside.off, f"same_{case}": beside.same_predictions}
        facts[f"accuracy_{case}"] = evaluate(network.spec, weights_of(network), halves[1]).accuracies[-1]
    if tune:
        facts["tuned"] = tuned(made, DataSet(name, *halves, sensor, 10))
    return facts


def _saved(split: Split, sensor: tuple[int, int, int]) -> str:
    """The path of an .npz of samples, on the grid of their sensor where they have one."""
    path = Path(tempfile.mkdtemp()) / "digits.npz"
    shape = split.spikes.shape[:2] + (sensor if sensor[0] > 1 else (sensor[1],))
    np.savez(path, spikes=split.spikes.reshape(shape), label=split.labels)
    return str(path)


def tuned(made: Source, data: DataSet) -> float:
    """The accuracy after one epoch of training from an imported network."""
    with tempfile.TemporaryDirectory() as aside:
        file = Path(aside) / "a.safetensors"
        write(file, made.made.network, notes=made.notes())
        spec = made.made.network.spec
        config = Config.model_validate({
            "network": {"file": str(file), "block_depth": "file", **settings_in(spec),
                        "readout_bits": spec.blocks[-1].readout.weight_bits},
            "hardware": {"learning": spec.blocks[-1].readout.leak_shift is None},
            "learning": {"window": STEPS}, "training": {"epochs": 1, "rate": RATE, "batch": 32}})
        return Trainer(config, data).epoch().test_accuracies[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--tune", action="store_true")
    asked = parser.parse_args()
    prepare("cpu", threads=1)
    spikes, labels = digits()
    earlier = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else {}
    results: dict[str, Any] = {}
    for name in FILES:
        kept = {"tuned": earlier[name]["tuned"]} if "tuned" in earlier.get(name, {}) else {}
        results[name] = kept | measured(asked.data_root / "nir", name, spikes, labels, asked.tune)
        print(name, json.dumps(results[name]), flush=True)
    write_atomically(OUT, (json.dumps(results, indent=1) + "\n").encode())
    table = Table(title="Imported networks")
    for head in ("file", "counts off, 16 bits", "8 bits", "8 bits, data", "same class of 100", "accuracy of source",
                 "16 bits", "8 bits", "8 bits, data", "one epoch more"):
        table.add_column(head)
    for name, own in results.items():
        table.add_row(name, *(f"{100 * own[key]:.2f} %" for key in ("counts_16", "counts_8", "counts_data")),
                      str(own["same_data"]), *(f"{100 * own[key]:.1f} %" for key in (
                          "source", "accuracy_16", "accuracy_8", "accuracy_data")),
                      f"{100 * own['tuned']:.1f} %" if "tuned" in own else "-")
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
