"""Network files of format 1, from before layers had parts: they are read, and compute and learn the same bits.

The files and ``expected.json`` were written by the last version that wrote format 1.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from rtl_gen.contract import network_file
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.limits import check_hardware, check_learning
from sim.reference.network import Reference

FOLDER = Path(__file__).parent / "fixtures" / "format_1"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())


def sha(arrays, dtype):
    digest = hashlib.sha256()
    for values in arrays:
        digest.update(np.ascontiguousarray(values).astype(dtype).tobytes())
    return digest.hexdigest()


def samples_of(wanted):
    generator = np.random.Generator(np.random.PCG64(wanted["seed"]))
    shape = wanted["count"], wanted["steps"], wanted["inputs"]
    samples = (generator.random(shape) < wanted["density"]).astype(np.uint8)
    assert sha([samples], "u1") == wanted["sha256"]
    return samples


def state(network):
    return {"weights": sha((values for weights in network.weights for values in weights), "<i4"),
            "readouts": sha(network.readouts, "<i4"), "window_numbers": list(network.window_numbers)}


def refusal(check, spec):
    try:
        check(spec)
    except SpecError as error:
        return str(error)
    return None


@pytest.fixture(params=sorted(EXPECTED))
def case(request):
    path = FOLDER / f"{request.param}.safetensors"
    return EXPECTED[request.param], network_file.read(path), network_file.read_notes(path)


def test_the_values_are_those_of_the_file(case):
    expected, network, notes = case
    assert state(network) == expected["initial"]
    assert {name: value for name, value in notes.items() if name != network_file.SURROGATE} == expected["notes"]
    assert refusal(check_hardware, network.spec) == expected.get("hardware_refusal")
    assert refusal(check_learning, network.spec) == expected.get("learning_refusal")


@pytest.mark.parametrize(("name", "surrogate"), [
    ("host_surrogate_dense", "sigmoid"), ("binary_arctan", "fast_sigmoid"), ("dense_fixed", None)])
def test_a_surrogate_of_training_became_a_note(name, surrogate):
    assert network_file.read_notes(FOLDER / f"{name}.safetensors").get(network_file.SURROGATE) == surrogate


def test_it_computes_what_it_did(case):
    expected, network, _ = case
    reference, wanted = Reference(network), expected["run"]
    results = [reference.run(sample, 0, learn=False, trace=True) for sample in samples_of(expected["samples"])]
    for name, dtype in (("spikes", "u1"), ("membranes", "<i4")):
        assert sha((values for result in results for block in getattr(result, name) for values in block),
                   dtype) == wanted[name]
    assert sha((answer for result in results for answer in result.answers), "<i8") == wanted["answers"]
    assert [result.prediction for result in results] == wanted["predictions"]
    assert reference.counters == wanted["counters"]


def test_it_learns_what_it_did(case):
    expected, network, _ = case
    if "learn" not in expected:
        return
    reference, wanted = Reference(network), expected["learn"]
    samples = samples_of(expected["samples"])
    predictions = reference.learn(samples, np.arange(len(samples)) % network.spec.classes)
    assert predictions.tolist() == wanted["predictions"]
    assert reference.counters == wanted["counters"]
    assert state(reference.network()) == {name: wanted[name] for name in ("weights", "readouts", "window_numbers")}


def test_written_again_it_is_of_the_format_of_today(case, tmp_path):
    _, network, notes = case
    network_file.write(tmp_path / "again.safetensors", network, notes=notes)
    again = network_file.read(tmp_path / "again.safetensors")
    assert again.spec == network.spec
    assert state(again) == state(network)
    assert network_file.read_notes(tmp_path / "again.safetensors") == notes
