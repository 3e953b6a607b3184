"""The comparison with the transcription finds a reference that is wrong in one line."""

import importlib
import sys
from pathlib import Path

import pytest

import sim.reference
from rtl_gen.contract.checks import SpecError

from .test_reference_naive import compare

SOURCE = Path(sim.reference.__file__).parent
MUTANTS = (
    ("rounding.py", "x >> 7", "x >> 6"),
    ("rounding.py", "(y << 2)", "(y << 3)"),
    ("rounding.py", "number & 0xFFFF, seed >> 16", "seed >> 16, number & 0xFFFF"),
    ("rounding.py", "range(8)", "range(7)"),
    ("rounding.py", "(1 << shift) >> 1", "((1 << shift) - 1) >> 1"),
    ("rounding.py", "x << 16 | y", "y"),
    ("rounding.py", "else spec.rate_shift) + rate", "else spec.rate_shift)"),
    ("rounding.py", "number >> 16", "0"),
    ("neurons/share.py", "(u * factor) >> bits", "(u * factor + 1) >> bits"),
    ("neurons/threshold.py", "v >= threshold", "v > threshold"),
    ("neurons/threshold.py", "distance < after.width", "distance <= after.width"),
    ("neurons/threshold.py", "int(v != charged)", "int(v == after.membrane_max)"),
    ("synapses/dense.py", "if bias:", "if bias and p:"),
    ("neurons/threshold.py", "0 if after.zero else v", "v"),
    ("neurons/threshold.py", "(after.amount or threshold)", "threshold"),
    ("neurons/threshold.py", "after.height - (distance", "after.height - 1 - (distance"),
    ("neurons/lif_shifts.py", "layer.neuron.leak_bits", "layer.neuron.leak_bits - 1"),
    ("neurons/lif.py", "(1, shift)", "(1, shift + 1)"),
    ("readout.py", "if p >= loss_start", "if p > loss_start"),
    ("current.py", "((kept[j] * factor) >> bits)", "((kept[j] * factor + 1) >> bits)"),
    ("current.py", "min(max(exact, low), high)", "exact"),
    ("current.py", "int(current != exact)", "0"),
    ("current.py", "credit[p, j] + carried[j]", "credit[p, j]"),
    ("current.py", "-((-lasting * factor) >> bits)", "(lasting * factor) >> bits"),
    ("block.py", "flows[layer], kept[layer])", "flows[layer], kept[layer].copy())"),
    ("levels.py", "level >> leak_shift", "(level + 1) >> leak_shift"),
    ("levels.py", "reading == LAST or so_far[0] == 0 or", "reading == LAST or"),
    ("levels.py", "level[c] >= answer[c]", "level[c] >= 0"),
    ("levels.py", "level[c] >= answer[c]", "level[c] > answer[c]"),
    ("levels.py", "largest_at[c] = so_far[0]", "largest_at[c] = p"),
    ("level_credit.py", "levels.largest_at - start + 1, 0)", "levels.largest_at - start + 1, 1)"),
    ("level_credit.py", "np.sign(later) * (np.abs(later) >> leak_shift)", "(later >> leak_shift)"),
    ("level_credit.py", "np.where(until == steps, error, 0)", "error"),
    ("block.py", "error[until == 0] = 0", "pass"),
    ("levels.py", "reading == LAST or", ""),
    ("levels.py", "if p >= loss_start", "if p > loss_start"),
    ("levels.py", "so_far[0] += 1", "so_far[0] = 0"),
    ("readout.py", "+ 64, 0)", "+ 63, 0)"),
    ("readout.py", "<= dead_zone", "< dead_zone"),
    ("readout.py", "for p in range(loss_start, steps)", "for p in range(steps)"),
    ("neurons/share.py", "if zero and spikes[p, j]:", "if zero and p + 1 < steps and spikes[p + 1, j]:"),
    ("neurons/share.py", "-((-credit * factor) >> bits)", "((credit * factor) >> bits)"),
    ("neurons/share.py", "range(steps - 1, -1, -1)", "range(steps)"),
    ("synapses/dense.py", "half = (1 << feedback_shift) >> 1", "half = 0"),
    ("synapses/dense.py", "min(max(rounded, -FEEDBACK_MAX - 1), FEEDBACK_MAX)", "rounded"),
    ("synapses/dense.py", "alive += credit[p, k] != 0", "alive += 1"),
    ("update.py", "bias * (i == rows - 1)", "(bias if p else 0) * (i == rows - 1)"),
    ("update.py", "value = min(max(wanted, low), high)", "value = min(max(wanted, -high), high)"),
    ("update.py", "updates += live", "updates += columns"),
    ("update.py", "(delta[j] != 0) & (change == 0)", "(change == 0)"),
    ("update.py", "saturations += value != wanted", "saturations += value == high"),
    ("block.py", "(number + 1) & 0xFFFFFFFF", "number + 1"),
    ("block.py", " and self.rate != RATE_OFF", ""),
    ("block.py", "spec.update.rate_shift + self.rate", "spec.update.rate_shift"),
    ("block.py", "readout_shift(readout) + self.rate", "readout_shift(readout)"),
    ("network.py", "block.rate = self.rates[index]", "block.rate = self.rates[0]"),
    ("block.py", 'if self.spec.readout.accumulate == "window":', "if True:"),
    ("block.py", 'if self.spec.readout.accumulate == "window":', "if w == 0:"),
    ("block.py", 'if self.spec.readout.answer == "last":', "if False:"),
    ("block.py", 'or self.spec.readout.answer == "last"', ""),
    ("block.py", "or windows or", "or"),
    ("block.py", "if wanted == NONE:", "if False:"),
    ("labels.py", "labelled[-1]", "labelled[0]"),
    ("labels.py", "label[span]", "label"),
    ("block.py", "== self.spec.update_interval - 1", "== 0"),
    ("block.py", "steps > self.spec.window - self.spec.loss_steps", "steps == self.spec.window"),
    ("block.py", "unfinished = aborted and stop - start < window", "unfinished = False"),
    ("block.py", "self.layer_numbers[-1]", "self.layer_numbers[0]"),
    ("block.py", "self._count(windows_skipped=1)\n            return", "self._count(windows_skipped=1)"),
    ("block.py", "learn = learn and self.spec.directives.learns", "learn = bool(learn)"),
    ("block.py", "weights_read=operations if readout.learned else 0", "weights_read=operations"),
    ("network.py", "came = int(values.sum(dtype=np.int64))", "came = accepted"),
    ("network.py", "block.count_events(np.count_nonzero(events), 0)", "pass"),
)


def plain_copy(folder, name, file=None, old=None, new=None):
    """A copy of the reference under another package name, interpreted, with one text replaced."""
    package = folder / name
    for source in SOURCE.rglob("*.py"):
        text, place = source.read_text(), source.relative_to(SOURCE)
        if place.as_posix() == file:
            assert old in text, f"{file} does not hold {old!r}"
            text = text.replace(old, new)
        text = text.replace("from numba import njit\n", "def njit(**_): return lambda function: function\n")
        (package / place).parent.mkdir(parents=True, exist_ok=True)
        (package / place).write_text(text)
    return importlib.import_module(f"{name}.network").Reference


def first_difference(make, seeds=800):
    for seed in range(seeds):
        try:
            compare(seed, make)
        except (AssertionError, SpecError):
            return seed
    return None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("reference_copy")]:
        del sys.modules[name]


def test_an_unchanged_copy_agrees(folder):
    assert first_difference(plain_copy(folder, "reference_copy"), seeds=30) is None


@pytest.mark.parametrize("number", range(len(MUTANTS)))
def test_a_mutant_is_found(folder, number):
    make = plain_copy(folder, f"reference_copy_{number}", *MUTANTS[number])
    assert first_difference(make) is not None, f"not found: {MUTANTS[number]}"
