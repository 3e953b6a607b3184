import numpy as np
import pytest

from snnfpga.data.dataset import DataError
from snnfpga.data.recall import ANSWER_STEPS, CUE_STEPS, CUES
from snnfpga.data.registry import DataOptions, load


def test_only_the_cue_tells_the_class():
    data = load("recall", DataOptions(steps=20))
    spikes, labels = data.train.spikes, data.train.labels
    assert spikes.shape == (640, 20, 20)
    assert len(data.test) == 160
    cue, silence = spikes[:, :CUE_STEPS, :CUES], spikes[:, CUE_STEPS:-ANSWER_STEPS]
    profiles = np.stack([cue[labels == c].mean((0, 1)) for c in range(4)])
    for c in range(4):
        assert sorted(np.round(profiles[c], 1)) == pytest.approx([0.15] * 8 + [0.6] * 8, abs=0.1)
    assert silence.mean() < 0.02
    assert spikes[:, -ANSWER_STEPS:, CUES:].mean() > 0.5


def test_without_silence_it_is_refused():
    with pytest.raises(DataError) as caught:
        load("recall", DataOptions(steps=8))
    assert str(caught.value) == "Data steps of recall must be at least 9, not 8"
