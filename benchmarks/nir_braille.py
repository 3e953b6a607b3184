"""A recurrent network with synapses for the Braille recordings: trained, written as NIR, imported, compared.

Run: ``python benchmarks/nir_braille.py --data-root FOLDER [--keep FOLDER]``, some ten minutes of one core; writes
``docs/results/nir_braille.json``. 12-38R-7 of ``CubaLIF`` neurons, leaks 0.55, 0.9 and 0.5, 0.55, reset to zero, is
trained here in PyTorch by its source's equations on four fifths of the recordings, in 128 steps; what is left is the
test. It is imported by ``--from snntorch --reset zero``, with the training samples as ``--data``. ``--keep`` holds what
was trained between runs.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from rtl_gen.contract.atomic import write_atomically
from snnfpga.data.dataset import Split
from snnfpga.importers.chain import chain_of
from snnfpga.importers.computed import computed
from snnfpga.importers.conventions.base import Said
from snnfpga.importers.conventions.registry import convention_of
from snnfpga.importers.graph import Graph, Node
from snnfpga.importers.importing import import_nir
from snnfpga.importers.nir_file import read_graph, write_graph
from snnfpga.network.inference import batch_passages, evaluate, weights_of
from snnfpga.training.trainer import prepare

OUT = Path(__file__).parent.parent / "docs/results/nir_braille.json"
STEPS, HIDDEN, CLASSES, EPOCHS, BATCH, RATE = 128, 38, 7, 40, 116, 4e-3
LEAKS = ((0.55, 0.9), (0.5, 0.55))      # current and membrane, of each layer
DT = 1e-4
SAID = Said(reset="zero")


class Fires(torch.autograd.Function):
    """A step, with the derivative of a fast sigmoid."""

    @staticmethod
    def forward(ctx: Any, over: Tensor) -> Tensor:
        ctx.save_for_backward(over)
        return (over > 0).float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        over, = ctx.saved_tensors
        return grads[0] / (1 + 5 * over.abs()) ** 2


def recordings(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Spikes (samples, T, 12) uint8 and labels, and the samples of training and of test."""
    with np.load(folder / "braille7/braille7.npz") as held:
        shape, label = tuple(held["shape"]), held["label"].astype(np.int64)
        bits = np.unpackbits(held["bits"])[:np.prod(shape)].reshape(shape)
    spikes = bits.reshape(len(bits), STEPS, -1, shape[-1]).max(2)
    order = np.random.RandomState(0).permutation(len(spikes))
    most = int(0.8 * len(spikes))
    return spikes, label, order[:most], order[most:]


def counted(weights: list[Tensor], events: Tensor) -> Tensor:
    """Spikes of the classes (B, classes), of (T, B, inputs), by the source's equations."""
    first, own, bias, second, last = weights
    states = [torch.zeros(events.shape[1], size) for size in (HIDDEN,) * 3 + (CLASSES,) * 3]
    for x in functional.linear(events, first, bias):
        i, v, s, j, u, count = states
        i = LEAKS[0][0] * i + x + s @ own.T
        v = LEAKS[0][1] * v * (1 - s.detach()) + i
        s = Fires.apply(v - 1)
        j = LEAKS[1][0] * j + s @ second.T + last
        u = LEAKS[1][1] * u + j
        z = Fires.apply(u - 1)
        states = [i, v, s, j, u * (1 - z.detach()), count + z]
    return states[-1]


def trained(spikes: np.ndarray, label: np.ndarray) -> list[np.ndarray]:
    """Weights after a fixed number of epochs."""
    torch.manual_seed(0)
    inputs = spikes.shape[-1]
    weights = [torch.randn(HIDDEN, inputs) * 0.75 / inputs ** 0.5, torch.randn(HIDDEN, HIDDEN) * 0.1,
               torch.zeros(HIDDEN), torch.randn(CLASSES, HIDDEN) * 0.3, torch.zeros(CLASSES)]
    weights = [part.requires_grad_() for part in weights]
    events, wanted = torch.from_numpy(spikes.astype(np.float32)).transpose(0, 1), torch.from_numpy(label)
    adam = torch.optim.Adam(weights, lr=RATE)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(adam, EPOCHS)
    for epoch in range(EPOCHS):
        for batch in torch.randperm(len(label)).split(BATCH):
            loss = functional.cross_entropy(0.3 * counted(weights, events[:, batch]), wanted[batch])
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            adam.step()
        slower.step()
        print(f"epoch {epoch}: loss {loss.item():.3f}", flush=True)
    return [part.detach().numpy() for part in weights]


def write_nir(path: Path, weights: list[np.ndarray]) -> None:
    """The network as snnTorch would write it."""
    first, own, bias, second, last = weights

    def neurons(name: str, size: int, current: float, membrane: float) -> Node:
        values = {"tau_syn": DT / (1 - current), "tau_mem": DT / (1 - membrane), "w_in": 1 / (1 - current),
                  "r": 1 / (1 - membrane), "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}
        return Node(name, "CubaLIF", {key: np.full(size, value) for key, value in values.items()})

    nodes = (Node("input", "Input", {"shape": np.array([first.shape[1]])}),
             Node("fc1", "Affine", {"weight": first, "bias": bias}), neurons("lif1", HIDDEN, *LEAKS[0]),
             Node("fc2", "Affine", {"weight": second, "bias": last}), neurons("lif2", CLASSES, *LEAKS[1]),
             Node("output", "Output", {"shape": np.array([CLASSES])}), Node("own", "Linear", {"weight": own}))
    edges = (("input", "fc1"), ("fc1", "lif1"), ("lif1", "own"), ("own", "lif1"), ("lif1", "fc2"), ("fc2", "lif2"),
             ("lif2", "output"))
    write_graph(path, Graph({node.name: node for node in nodes}, edges))


def beside(path: Path, test: Split, data: Path | None, bits: int) -> dict[str, float]:
    """An import with weights of so many bits beside the source's equations in float64, on the test samples."""
    made = import_nir(path, "snntorch", SAID, data=None if data is None else str(data), settings=(
        f"network.weight_bits={bits}", f"hardware.max_steps={STEPS}")).made
    chain = chain_of(read_graph(path)[0], convention_of("snntorch"), SAID)
    theirs, answers = computed(chain, torch.from_numpy(test.spikes[:]).transpose(0, 1))
    ours: list[list[Tensor]] = [[], []]
    for batch in batch_passages(made.network.spec, weights_of(made.network), test):
        for parts, layer in zip(ours, batch[0].spikes, strict=True):
            parts.append(layer)
    off = sum(float((torch.cat(parts, 1).sum(0) - layer.sum(0)).abs().sum())
              for parts, layer in zip(ours, theirs, strict=True))
    return {"source": float((answers.argmax(1).numpy() == test.labels).mean()),
            "counts": off / float(sum(layer.sum() for layer in theirs)),
            "accuracy": evaluate(made.network.spec, weights_of(made.network), test).accuracies[-1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True, metavar="FOLDER", help="where the recordings lie")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="what was trained, between runs")
    asked = parser.parse_args()
    prepare("cpu", threads=1)
    spikes, label, train, rest = recordings(asked.data_root)
    test = Split(spikes[rest], label[rest])
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) if asked.keep is None else asked.keep
        path, data = folder / "braille.nir", folder / "braille.npz"
        if not path.is_file():
            write_nir(path, trained(spikes[train], label[train]))
        np.savez_compressed(data, spikes=spikes[train], label=label[train])
        cases: dict[str, Callable[[], dict[str, float]]] = {
            f"{bits} bits{'' if given is None else ', data'}": lambda bits=bits, given=given: beside(
                path, test, given, bits) for bits in (16, 8) for given in (None, data)}
        for name, measure in cases.items():
            results[name] = measure()
            print(name, json.dumps(results[name]), flush=True)
    write_atomically(OUT, (json.dumps(results, indent=1) + "\n").encode())
    table = Table("import", "counts off", "accuracy of source", "accuracy", title="Braille, 12-38R-7")
    for name, own in results.items():
        table.add_row(name, *(f"{100 * own[key]:.2f} %" for key in ("counts", "source", "accuracy")))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
