import numpy as np
import pytest

from rtl_gen.activity import Activity, from_json, mean_cycles, to_json
from rtl_gen.estimate import cycles
from tests.networks import block


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("lanes", [4, 16])
@pytest.mark.parametrize(("density", "error"), [(0.3, 1e-6), (0.02, 0.05)])
def test_means_give_the_mean_of_the_samples(bias, lanes, density, error):
    """Samples of several lengths, silent steps among them; windows that the end cuts short, to two steps, as one
    would wait for feedback.

    Where there are so few events that the walk waits for credits, only nearly: the larger of two is no straight line.
    """
    base = block(40, 20, bias=bias, window=3, lanes=lanes)
    generator = np.random.default_rng(1)
    samples = [(generator.random((steps, 40)) < density).astype(int) for steps in (5, 6, 9, 14)]
    for sample in samples:
        sample[1] = 0
    events = [sample.sum(1).tolist() for sample in samples]
    rows = [[int(sample[start:start + 3].any(0).sum()) for start in range(0, len(sample), 3)] for sample in samples]
    assert any(0 in one for one in events)
    steps, windows = sum(map(len, events)), sum(map(len, rows))
    activity = Activity(steps=steps / 4, windows=windows / 4, events=sum(map(sum, events)) / steps,
                        silent=sum(one.count(0) for one in events) / steps, rows=sum(map(sum, rows)) / windows)
    cost = cycles(base)
    alone = np.mean([cost.sample(one, None) for one in events])
    assert mean_cycles(base, activity, learn=False) == pytest.approx(alone)
    learned = np.mean([cost.sample(one, of) for one, of in zip(events, rows, strict=True)])
    assert mean_cycles(base, activity, learn=True) == pytest.approx(learned, rel=error)
    assert learned > alone


@pytest.mark.parametrize("bias", [False, True])
def test_means_of_two_reads_come_near(bias):
    base = block(400, 20, bias=bias, window=3, lanes=4, reads=2)
    counts = np.random.default_rng(1).binomial(400, 0.05, size=(20, 10))
    activity = Activity(steps=10, windows=4, events=counts.mean(), silent=(counts == 0).mean(), rows=50)
    alone = np.mean([cycles(base).sample(one.tolist(), None) for one in counts])
    assert mean_cycles(base, activity, learn=False) == pytest.approx(alone, rel=0.01)


def test_silence_alone():
    base = block(40, 20, window=3)
    silent = Activity(steps=6, windows=2, events=0, silent=1, rows=0)
    assert mean_cycles(base, silent, learn=False) == cycles(base).sample([0] * 6, None)


def test_a_note_is_read_back_or_is_none():
    found = (Activity(steps=8, windows=2, events=1.25, silent=0.5, rows=3.125),) * 2
    assert from_json(to_json(found), 2) == found
    for text in ("", "[]", "null", "{}", "[1, 2]", '[{"steps": 1}, {"steps": 1}]', to_json(found)[:-3]):
        assert from_json(text, 2) is None
    assert from_json(to_json(found), 1) is None
