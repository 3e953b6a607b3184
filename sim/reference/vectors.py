"""Test vectors of ``docs/arithmetic.md``: made here, kept in ``docs/vectors``, compared by the tests.

``python -m sim.reference.vectors docs`` writes the files and the last two sections of the page.
"""

import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rtl_gen.contract.arithmetic import DRAW_BITS, error_table
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec

from .divided_vector import divided_network, divided_samples
from .flat import flat_layer
from .grid_vector import grids_network, grids_samples
from .initial import random_network
from .learning_vectors import LEARNING, LEARNING_LABELS, STEP_LABELS, learning_samples
from .network import Reference
from .neuron_vector import NEURONS_LABELS, neurons_network, neurons_samples
from .rate_vectors import LABELS, RATES, rates_network
from .recording import LOW_HALF, RecordingBlock
from .rounding import mix

HEADING = "## The logistic table\n"
def tiny_network() -> Network:
    """Three inputs and a bias, two neurons, two classes, learned readout: small enough to follow by hand."""
    layer = flat_layer(
        inputs=3, outputs=2, weight_bits=6, shadow_bits=2, fraction_bits=4, bias=True, membrane_bits=8, leak_shift=2,
        threshold=20, reset="subtract", surrogate="boxcar", surrogate_width=16, surrogate_height=1, rate_shift=7,
        rounding="stochastic", feedback_shift=0)
    readout = ReadoutSpec(
        inputs=2, classes=2, learned=True, weight_bits=6, shadow_bits=2, rate_shift=4, rounding="nearest",
        error_function="logistic", logit_shift=0, dead_zone=2, accumulate="window")
    block = BlockSpec(layers=(layer,), readout=readout, window=2, loss_steps=2, update_interval=1,
                      directives=Directives(lanes=2, memory="auto", engine="reverse"))
    return Network(
        spec=NetworkSpec(name="tiny", blocks=(block,), max_steps=4, seed=0x12345678),
        weights=((np.array([[40, -25], [61, 34], [-18, 70], [6, -3]], np.int32),),),
        readouts=(np.array([[30, -9], [-14, 22]], np.int32),), window_numbers=(65535,))


TINY_SAMPLE = [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
TINY_LABEL = 1


def deep_network() -> Network:
    """Two blocks, the first of two layers, with everything that the tiny network leaves out."""
    lower = flat_layer(
        inputs=12, outputs=10, weight_bits=8, shadow_bits=0, fraction_bits=5, bias=False, membrane_bits=10,
        leak_shift=3, threshold=60, reset="zero", surrogate="triangle", surrogate_width=4, surrogate_height=5,
        rate_shift=10, rounding="stochastic", feedback_shift=0)
    upper = flat_layer(
        inputs=10, outputs=8, weight_bits=5, shadow_bits=8, fraction_bits=3, bias=True, membrane_bits=9,
        leak_shift=None, threshold=24, reset="subtract", surrogate="triangle", surrogate_width=3, surrogate_height=7,
        rate_shift=0, rounding="nearest", feedback_shift=4)
    last = flat_layer(
        inputs=8, outputs=6, weight_bits=8, shadow_bits=8, fraction_bits=5, bias=False, membrane_bits=12, leak_shift=1,
        threshold=30, reset="zero", surrogate="boxcar", surrogate_width=40, surrogate_height=1, rate_shift=3,
        rounding="stochastic", feedback_shift=0)
    fixed = ReadoutSpec(
        inputs=8, classes=3, learned=False, weight_bits=2, shadow_bits=0, rate_shift=0, rounding="nearest",
        error_function="hard_sigmoid", logit_shift=-1, dead_zone=65, accumulate="cumulative")
    learned = ReadoutSpec(
        inputs=6, classes=3, learned=True, weight_bits=8, shadow_bits=0, rate_shift=6, rounding="stochastic",
        error_function="logistic", logit_shift=2, dead_zone=0, accumulate="window")
    directives = Directives(lanes=4, memory="auto", engine="reverse")
    blocks = (BlockSpec(layers=(lower, upper), readout=fixed, window=4, loss_steps=3, update_interval=1,
                        directives=directives),
              BlockSpec(layers=(last,), readout=learned, window=3, loss_steps=1, update_interval=2,
                        directives=directives))
    return random_network(NetworkSpec(name="deep", blocks=blocks, max_steps=11, seed=0xCAFEF00D), 1, density=0.3)


def network_vector(network: Network, samples: list[list[list[int]]], labels: Sequence[int | list[int]],
                   rates: list[list[int]] | None = None, learn: bool = True) -> dict[str, Any]:
    """What ``samples``, each (T, inputs) counts of events, give, in all numbers; learning, or not.

    With ``rates``, a list of them for each sample, they are set before it, and the random words are kept whole.
    """
    reference = Reference(network)
    reference._blocks = [RecordingBlock(network, index) for index in range(len(network.spec.blocks))]
    found: dict[str, Any] = {
        "spec": network.spec.to_dict(), "window_numbers": list(network.window_numbers),
        "stored": [[values.tolist() for values in weights] for weights in network.weights],
        "readout": [values.tolist() for values in network.readouts], "samples": []}
    for number, (sample, label) in enumerate(zip(samples, labels, strict=True)):
        for block in reference._blocks:
            block.windows = []
            block.bits_of_words = LOW_HALF if rates is None else (1 << DRAW_BITS) - 1
        if rates is not None:
            reference.rates = list(rates[number])
        reference.clear_counters()
        result = reference.run(np.array(sample), np.array(label), learn=learn, trace=True)
        found["samples"].append({
            **({} if rates is None else {"rates": rates[number]}),
            "counts": sample, "label": label, **({} if learn else {"learn": False}),
            "prediction": result.prediction,
            "answers": [answer.tolist() for answer in result.answers],
            "spikes": [[values.tolist() for values in layers] for layers in result.spikes or []],
            "membranes": [[values.tolist() for values in layers] for layers in result.membranes or []],
            "windows": [block.windows for block in reference._blocks], "counters": reference.counters})
    return found


def tiny_vector() -> dict[str, Any]:
    return network_vector(tiny_network(), [TINY_SAMPLE], [TINY_LABEL])


def deep_vector() -> dict[str, Any]:
    generator = np.random.Generator(np.random.PCG64(2))
    samples = [(generator.random((steps, 12)) < 0.3).astype(np.int64) * generator.integers(1, 3, (steps, 12))
               for steps in (11, 8, 5, 1)]
    return network_vector(deep_network(), [sample.tolist() for sample in samples], [0, 2, 1, 2])


def rates_vector() -> dict[str, Any]:
    generator = np.random.Generator(np.random.PCG64(4))
    samples = [(generator.random((steps, 10)) < 0.4).astype(np.int64) for steps in (8, 7, 5, 6, 8, 8, 3)]
    return network_vector(rates_network(), [sample.tolist() for sample in samples], LABELS, RATES)


def divided_vector() -> dict[str, Any]:
    return network_vector(divided_network(), divided_samples(), [0, 2, 1])


def grids_vector() -> dict[str, Any]:
    return network_vector(grids_network(), grids_samples(), [0, 1, 2], learn=False)


def neurons_vector() -> dict[str, Any]:
    return network_vector(neurons_network(), neurons_samples(), NEURONS_LABELS)


def learning_vectors() -> dict[str, Any]:
    """File names and contents of the networks that learn in more than dense layers."""
    networks = {name: make() for name, make in LEARNING.items()}
    return {f"{name}.json": network_vector(network, learning_samples(network),
                                           STEP_LABELS if name == "counts" else LEARNING_LABELS)
            for name, network in networks.items()}


def mix_vector() -> list[dict[str, int]]:
    """Random words at corners of each argument: their low halves as ``word``, and their high ones."""
    arguments = [(0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0), (0, 1, 0, 0), (1, 0, 0, 0), (0, 65536, 0, 0),
                 (65536, 0, 0, 0), (0, 0, 0, 65536), (0x12345678, 65535, 0, 2), (0xFFFFFFFF, 0xFFFFFFFF, 47, 65535),
                 (0xCAFEF00D, 1000, 2, 783)]
    return [{"seed": seed, "window_number": number, "layer": layer, "row": row,
             "word": mix(seed, number, layer, row) & LOW_HALF, "high": mix(seed, number, layer, row) >> 16}
            for seed, number, layer, row in arguments]


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *[[str(cell) for cell in row] for row in rows]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n"


def page_sections() -> str:
    """The sections of ``docs/arithmetic.md`` that hold numbers: the logistic table and the test vectors."""
    table = error_table("logistic")
    text = HEADING + "\ntable[i] for i = 0 .. 127, sixteen a line:\n```\n"
    text += "".join(" ".join(f"{value:3d}" for value in table[i:i + 16]) + "\n" for i in range(0, 128, 16))
    text += "```\n\n## Test vectors\n\n"
    text += _paragraph(
        "`docs/vectors/mix.json` holds random words, `grids.json` a network that runs without learning, the others "
        "networks that learn from samples, with all numbers. All of them, and the last two sections of this page, "
        "are written by `python -m sim.reference.vectors docs`. `deep.json` has two blocks, the first of two "
        "layers, triangles, both resets, a fixed and a learned readout, an update interval, duplicates and short "
        "windows. `rates.json` has two blocks, r of up to 16 + 3 under stochastic rounding, and says before each "
        "sample the `rates` that are set for it, 4 for off. `divided.json` has a readout whose feedback is divided, "
        "in one block by so little that some of it is saturated, under two layers in the other. `grids.json` has "
        "pools of both kinds, whole squares and cut ones, convolutions, one with groups and one behind a pool, "
        "learned thresholds, a residual, weights of 1 bit, a readout with a pool, and a recurrent layer. "
        "`neurons.json` has resets by another amount than the threshold, leaky readouts of each reading, and "
        "currents that linger. `convolutions.json` learns in convolutions, behind pools of both kinds and under "
        "readouts with pools, `recurrence.json` in recurrent layers, alone and under and above others, "
        "`residuals.json` in layers whose currents others add, in thresholds and in weights of 1 bit, "
        "`lingering.json` in layers whose currents linger, `leaky.json` under readouts that leak, `counts.json` from "
        "inputs that count and from labels of steps. In all of them but `rates.json` the rates are all 0. "
        "There, and in the tables below, `word` is the low half of a random word, y, and `high` the high half, "
        "x; in `rates.json` it is the whole.") + "\n"
    text += _table(["seed", "window number", "layer", "row", "word", "high"],
                   [[f"{v['seed']:#x}", v["window_number"], v["layer"], v["row"], f"{v['word']:#06x}",
                     f"{v['high']:#06x}"] for v in mix_vector()])
    return text + _tiny_section(tiny_vector())


def _tiny_section(vector: dict[str, Any]) -> str:
    spec = vector["spec"]["blocks"][0]
    layer, readout, sample = spec["layers"][0], spec["readout"], vector["samples"][0]
    synapses, neuron, width = layer["synapses"], layer["neuron"], layer["surrogate"]["width"]
    text = ("\n`tiny.json`, by hand: "
            f"{synapses['inputs']} inputs and a bias, {synapses['outputs']} neurons, {readout['classes']} classes, K = "
            f"{spec['window']} = `loss_steps`, `shadow_bits` {layer['weights']['shadow_bits']}, `leak_shift` "
            f"{neuron['leak_shift']},\n`threshold` {neuron['threshold']}, boxcar of width {width}, `rate_shift` "
            f"{layer['update']['rate_shift']} stochastic; learned readout, `rate_shift` {readout['rate_shift']} "
            f"nearest, logistic, `dead_zone` {readout['dead_zone']}.\n"
            f"Seed {vector['spec']['seed']:#x}, window number {vector['window_numbers'][0]}, label {sample['label']}. "
            f"stored = {vector['stored'][0][0]}, readout = {vector['readout'][0]}.\n\n")
    text = f"\n{_paragraph(text.strip())}\n"
    text += _table(["step", "events", "spikes", "membranes after the reset"],
                   [[t, [i for i, count in enumerate(counts) if count], sample["spikes"][0][0][t],
                     sample["membranes"][0][0][t]] for t, counts in enumerate(sample["counts"])])
    for window in sample["windows"][0]:
        first, stop = window["steps"]
        text += (f"\nWindow of steps {first}..{stop - 1}, number {window['window_number']}: errors {window['error']}, "
                 f"credits {window['credit'][0]}; then\n\n")
        text += _table(["row", "delta", "word", "stored after"],
                       [[row, delta, f"{word:#06x}", stored] for row, (delta, word, stored) in enumerate(zip(
                           window["delta"][0], window["word"][0], window["stored"][0], strict=True))])
        text += f"\nand readout = {window['readout']}.\n"
    counters = ", ".join(f"{name} {value}" for name, value in sample["counters"][0].items())
    answers = f"Answers {sample['answers'][0]}, prediction {sample['prediction']}. Counters: {counters}."
    return f"{text}\n{_paragraph(answers)}"


def files() -> dict[str, str]:
    """File name in ``docs/vectors`` to contents."""
    made = {"mix.json": mix_vector(), "tiny.json": tiny_vector(), "deep.json": deep_vector(),
            "rates.json": rates_vector(), "divided.json": divided_vector(), "grids.json": grids_vector(),
            "neurons.json": neurons_vector()} | learning_vectors()
    return {name: json.dumps(value, separators=(",", ":")) + "\n" for name, value in made.items()}


def main() -> None:
    docs = Path(sys.argv[1])
    for name, contents in files().items():
        (docs / "vectors" / name).write_text(contents, "utf-8")
    page = docs / "arithmetic.md"
    kept = page.read_text("utf-8").partition(HEADING)[0].rstrip("\n")
    page.write_text(f"{kept}\n\n{page_sections()}", "utf-8")


if __name__ == "__main__":
    main()
