"""The numbers in ``docs`` are what the reference and the transcription compute."""

import json
from pathlib import Path

import numpy as np
import pytest

from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from sim.reference import vectors

from . import naive

DOCS = Path(__file__).parents[2] / "docs"


def load(name):
    return json.loads((DOCS / "vectors" / name).read_text())


@pytest.mark.parametrize("name", sorted(vectors.files()))
def test_files_are_what_the_reference_gives(name):
    assert (DOCS / "vectors" / name).read_text() == vectors.files()[name], \
        "docs/vectors is out of date; write it again: python -m sim.reference.vectors docs"


def test_page_holds_the_vectors():
    assert (DOCS / "arithmetic.md").read_text().endswith(f"\n\n{vectors.page_sections()}"), \
        "docs/arithmetic.md is out of date; write it again: python -m sim.reference.vectors docs"


def test_words_are_what_the_page_says():
    for entry in load("mix.json"):
        word = naive.mix(entry["seed"], entry["window_number"], entry["layer"], entry["row"])
        assert (word % 65536, word // 65536) == (entry["word"], entry["high"])


@pytest.mark.parametrize("name", sorted(set(vectors.files()) - {"mix.json"}))
def test_networks_run_and_learn_as_the_page_says(name):
    vector = load(name)
    network = Network(
        spec=NetworkSpec.from_dict(vector["spec"]),
        weights=tuple(tuple(np.array(values, np.int32) for values in layers) for layers in vector["stored"]),
        readouts=tuple(np.array(values, np.int32) for values in vector["readout"]),
        window_numbers=tuple(vector["window_numbers"]))
    machine = naive.Naive(network)
    for sample in vector["samples"]:
        for block in machine.blocks:
            block.count = dict.fromkeys(block.count, 0)
        machine.set_rates(sample.get("rates", [0] * len(machine.blocks)))
        steps = [[index for index, count in enumerate(row) for _ in range(count)] for row in sample["counts"]]
        prediction, spikes, membranes = machine.run(steps, sample["label"], learn=sample.get("learn", True))
        assert prediction == sample["prediction"]
        assert spikes == sample["spikes"]
        assert membranes == sample["membranes"]
        assert [block.answer for block in machine.blocks] == sample["answers"]
        assert [block.count for block in machine.blocks] == sample["counters"]
        for block, windows in zip(machine.blocks, sample["windows"], strict=True):
            # Block 1 of deep.json learns from every second window of 3.
            learns = block.b.directives.learns and sample.get("learn", True)
            assert windows or len(steps) < 6 or block.rate == 4 or not learns
            if windows:
                assert block.stored == windows[-1]["stored"]
                assert block.readout == windows[-1]["readout"]


def test_deep_vector_moves_every_counter():
    samples = load("deep.json")["samples"]
    names = samples[0]["counters"][0]
    total = {name: sum(counters[name] for sample in samples for counters in sample["counters"]) for name in names}
    assert {name for name, value in total.items() if value == 0} <= {"membrane_saturations"}


def test_divided_vector_saturates_feedback_of_one_block_alone():
    samples = load("divided.json")["samples"]
    # At a window's last position, and with a gate of 1, the credit is the feedback.
    found = [[abs(value) for sample in samples for window in sample["windows"][block]
              for value in window["credit"][-1][-1]] for block in range(2)]
    assert max(found[0]) in (32767, 32768)
    assert 0 < max(found[1]) < 32767


def test_grids_vector_moves_every_counter_that_moves_without_learning():
    samples = load("grids.json")["samples"]
    for block in range(2):
        total = {name: sum(sample["counters"][block][name] for sample in samples) for name in (
            "events", "spikes", "synaptic_operations", "readout_operations", "membrane_saturations")}
        assert min(total.values()) > 0, f"block {block}: {total}"
    assert sum(sample["counters"][0]["events_dropped"] for sample in samples) > 0


@pytest.mark.parametrize("name", sorted(vectors.LEARNING))
def test_vectors_of_what_learns_move_every_counter_of_learning(name):
    samples = load(f"{name}.json")["samples"]
    for block in range(2):
        total = {name: sum(sample["counters"][block][name] for sample in samples) for name in (
            "spikes", "multiplies", "windows_learned", "updates", "weights_written", "underflows")}
        assert min(total.values()) > 0, f"block {block}: {total}"
