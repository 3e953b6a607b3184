"""Answers of samples and of windows in PyTorch are the reference's, whatever the windows and the lengths."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from sim.reference.initial import random_network
from sim.reference.labels import label_of
from sim.reference.network import Reference
from snnfpga.backends.evaluation import measure
from snnfpga.backends.learn import accuracy
from snnfpga.backends.windows import WindowScore, check_windows, unlabelled
from snnfpga.data.dataset import DataError, Split
from snnfpga.data.step_labels import of_windows
from snnfpga.network.answers import answering_steps
from snnfpga.network.inference import evaluate, weights_of
from tests.networks import network, network_spec
from tests.sim.random_case import leaky


def drawn(seed, leaks=False):
    """A network and samples whose steps have labels, of lengths of their own."""
    rng = random.Random(seed)
    window = rng.randint(1, 5)
    spec = network_spec(sizes=(10, 8), classes=3, window=window, loss_steps=rng.randint(1, window),
                        accumulate=rng.choice(("window", "cumulative")), update_interval=rng.choice((1, 2)))
    answer = rng.choice(("all", "last"))
    spec = replace(spec, blocks=tuple(replace(block, readout=replace(block.readout, answer=answer))
                                      for block in spec.blocks))
    if leaks:
        spec = replace(spec, blocks=tuple(leaky(rng, block) for block in spec.blocks))
    values = np.random.default_rng(seed)
    lengths = values.integers(1, 12, 6)
    lengths[0] = 11
    spikes = (values.random((6, 11, spec.inputs)) < 0.4).astype(np.uint8)
    within = np.arange(11) < lengths[:, None]
    labels = np.where(within, values.integers(-1, 3, (6, 11)), -1).astype(np.int8)
    labels[0, 10] = 1
    split = Split(spikes * within[:, :, None].astype(np.uint8), np.zeros(6, np.int64),
                  None if rng.random() < 0.3 else lengths, labels)
    return random_network(spec, seed, density=0.4), split


@pytest.mark.parametrize("leaks", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_torch_and_the_reference_give_the_same(seed, leaks):
    made, split = drawn(seed, leaks)
    found = measure(made, split, "reference", lambda done=1: None)
    assert found.differences.total == 0
    windows = sum(-(-split.steps_of(i) // made.spec.blocks[0].window) for i in range(6))
    assert found.differences.compared["answers"] == (6 + windows) * 2 * 3
    in_torch = measure(made, split, "torch", lambda done=1: None)
    assert in_torch.windows.confusion.tolist() == found.windows.confusion.tolist()
    assert in_torch.windows.by_window.tolist() == found.windows.by_window.tolist()
    assert evaluate(made.spec, weights_of(made), split).accuracies[-1] == pytest.approx(found.windows.accuracy)
    assert accuracy(made, split, lambda done=1: None) == found.windows.accuracy == found.accuracy(split)


@pytest.mark.parametrize("seed", range(20))
def test_labels_of_windows_are_those_that_the_reference_learns_from(seed):
    made, split = drawn(seed)
    block = made.spec.blocks[0]
    labels = of_windows(split.step_labels, block.window, block.loss_steps, split.lengths)
    for sample in range(6):
        steps = split.steps_of(sample)
        for number, start in enumerate(range(0, steps, block.window)):
            stop = min(steps, start + block.window)
            there = stop - start > block.window - block.loss_steps
            wanted = label_of(split.step_labels[sample, :steps], slice(start, stop)) if there else -1
            assert labels[sample, number] == wanted
        assert (labels[sample, -(-steps // block.window):] == -1).all()
    reference = Reference(made)
    reference.learn([sample[:split.steps_of(i)] for i, sample in enumerate(split.spikes)],
                    [own[:split.steps_of(i)] for i, own in enumerate(split.step_labels)])
    assert unlabelled(made.spec, split) == reference.windows_unlabelled
    reference.clear_counters()
    assert reference.windows_unlabelled == 0


def test_a_sample_without_a_label_counts_all_its_windows():
    made = network()
    spikes = np.ones((3, 7, made.spec.inputs), np.uint8)
    split = Split(spikes, np.array([0, -1, 2]))
    reference = Reference(made)
    reference.learn(spikes, split.labels)
    assert unlabelled(made.spec, split) == reference.windows_unlabelled == 2 * 3


def test_the_steps_of_the_last_window():
    assert answering_steps("all", 3, 7, None) is None
    assert answering_steps("last", 3, 7, None)[:, 0, 0].tolist() == [0, 0, 0, 0, 0, 0, 1]
    within = (torch.arange(7)[:, None, None] < torch.tensor([1, 3, 6])[:, None]).float()
    assert answering_steps("last", 3, 7, within)[:, :, 0].T.tolist() == [
        [1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 0]]


def test_samples_without_a_labelled_window_are_refused():
    made, split = drawn(0)
    bare = replace(split, step_labels=np.full_like(split.step_labels, -1))
    with pytest.raises(DataError, match=r"^There must be a labelled window among those of data x, and none of "):
        check_windows(made.spec.blocks[-1], bare, "data x,")
    check_windows(made.spec.blocks[-1], replace(split, step_labels=None), "data x,")


def test_a_score_counts_where_and_as_what():
    made, split = drawn(3)
    score = WindowScore(made.spec.blocks[-1], split)
    wanted = score.labels
    for number, trace in enumerate(_traces(wanted, shift=0)):
        score.add(number, trace)
    assert score.accuracy == 1.0
    assert score.labelled == score.right == (wanted >= 0).sum()
    assert (score.by_window[:, 0] == (wanted >= 0).sum(0)).all()
    wrong = WindowScore(made.spec.blocks[-1], split)
    for number, trace in enumerate(_traces(wanted, shift=1)):
        wrong.add(number, trace)
    assert wrong.right == 0
    assert wrong.confusion[0, 1] == (wanted == 0).sum()


def _traces(labels, shift):
    """What a backend leaves that answers each window with its label, or that and ``shift`` more."""
    from snnfpga.backends.backend import Trace

    return [Trace(0, [], windows=[np.eye(3, dtype=int)[(own + shift) % 3]]) for own in labels]
