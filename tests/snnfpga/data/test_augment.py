"""Each augmentation does what it says, sample by sample, and repeats from its generator."""

import numpy as np
import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.file import read_config
from snnfpga.config.training import AugmentConfig
from snnfpga.data import augment
from snnfpga.data.augment import AUGMENTS, Augmenter
from snnfpga.data.dataset import DataError, DataSet, Split

STRENGTHS = {"flip": True, "rotate": 30.0, "scale": 0.4, "shear": 0.5, "shift": 2, "cutout": 3, "time_shift": 2,
             "time_jitter": 1, "drop_polarity": 0.7}
SHAPE = (64, 6, 5, 7, 2)


def events(density=0.3):
    return (torch.rand(SHAPE, generator=torch.Generator().manual_seed(1)) < density).to(torch.uint8)


def apply(name, before, strength=None, seed=0):
    after = AUGMENTS[name](before, strength or STRENGTHS[name], torch.Generator().manual_seed(seed))
    assert (after.shape, after.dtype) == (before.shape, before.dtype)
    assert int(after.max()) <= 1
    return after


def data(sensor, samples=4):
    inputs = int(np.prod(sensor))
    split = Split(np.ones((samples, 3, inputs), np.uint8), np.arange(samples))
    return DataSet("mine.npz", split, split, sensor, samples)


def moved(sample, dy, dx):
    """(T, H, W, C) moved, by the definition."""
    wanted = torch.zeros_like(sample)
    height, width = sample.shape[1:3]
    for y in range(height):
        for x in range(width):
            if 0 <= y + dy < height and 0 <= x + dx < width:
                wanted[:, y + dy, x + dx] = sample[:, y, x]
    return wanted


def test_every_key_is_an_augmentation():
    assert list(AugmentConfig.model_fields) == list(AUGMENTS) == list(STRENGTHS)


@pytest.mark.parametrize("name", AUGMENTS)
def test_repeats_from_the_generator_and_draws_for_each_sample(name):
    before = events()
    kept = before.clone()
    first = apply(name, before)
    assert torch.equal(before, kept)
    assert torch.equal(first, apply(name, before))
    assert not torch.equal(first, apply(name, before, seed=1))
    same = before[:1].expand(SHAPE).contiguous()
    assert len(torch.unique(apply(name, same), dim=0)) > 1


def test_flip():
    before = events()
    after = apply("flip", before)
    flipped = [torch.equal(after[i], before[i].flip(2)) for i in range(64)]
    stayed = [torch.equal(after[i], before[i]) for i in range(64)]
    assert all(a != b for a, b in zip(flipped, stayed, strict=True))
    assert 16 < sum(flipped) < 48


def test_shift():
    before = events()
    after = apply("shift", before)
    found = [next((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if torch.equal(a, moved(b, dy, dx)))
             for a, b in zip(after, before, strict=True)]
    assert {dy for dy, _ in found} == {dx for _, dx in found} == {-2, -1, 0, 1, 2}


def test_what_is_shifted_far_is_lost():
    after = apply("shift", torch.ones(SHAPE, dtype=torch.uint8), strength=100)
    assert after.flatten(1).sum(1).eq(0).any()


def test_rotate_by_right_angles(monkeypatch):
    """A quarter either way, and a half, which turns all pixels of any sensor."""
    oblong = events()
    square = oblong[:, :, :, :5]
    for draw, turns in ((1.0, 2), (0.75, 3), (0.5, 0), (0.25, 1)):
        with monkeypatch.context() as patch:
            patch.setattr(augment.torch, "rand", lambda *shape, generator, draw=draw: torch.full(shape, draw))
            assert torch.equal(AUGMENTS["rotate"](square, 180.0, None), torch.rot90(square, turns, (2, 3)))
            if turns == 2:
                assert torch.equal(AUGMENTS["rotate"](oblong, 180.0, None), oblong.flip(2, 3))


def test_rotate_keeps_the_middle_and_loses_corners():
    before = torch.ones(SHAPE, dtype=torch.uint8)
    after = apply("rotate", before, 45.0)
    assert after[:, :, 2, 3].all()
    assert (after[:, :, 0, 0] == 0).any()
    assert (apply("rotate", events(), 0.01) == events()).all()


def drawing(monkeypatch, *values):
    """Have the augmentation draw these, one after the other, the same for all samples."""
    left = iter(values)
    monkeypatch.setattr(augment.torch, "rand", lambda *shape, generator: torch.full(shape, next(left)))


def test_scale(monkeypatch):
    """Rows half as far apart and columns three halves as far, by the definition."""
    before, after = events(), torch.zeros(SHAPE, dtype=torch.uint8)
    drawing(monkeypatch, 0.0, 1.0)
    for y in range(5):
        for x in range(7):
            from_y, from_x = round(2 + (y - 2) / 0.5), round(3 + (x - 3) / 1.5)
            if 0 <= from_y < 5 and 0 <= from_x < 7:
                after[:, :, y, x] = before[:, :, from_y, from_x]
    assert torch.equal(AUGMENTS["scale"](before, 0.5, None), after)


def test_shear(monkeypatch):
    """The middle row stays; those above and below it move aside, as far as they are from it."""
    before = events()
    drawing(monkeypatch, 1.0)
    after = AUGMENTS["shear"](before, 1.0, None)
    for y in range(5):
        away = y - 2
        row, kept = torch.zeros_like(before[:, :, y]), before[:, :, y]
        if away >= 0:
            row[:, :, :7 - away] = kept[:, :, away:]
        else:
            row[:, :, -away:] = kept[:, :, :away]
        assert torch.equal(after[:, :, y], row)


def test_cutout():
    before = torch.ones(SHAPE, dtype=torch.uint8)
    after = apply("cutout", before)
    corners = set()
    for sample in after:
        holes = torch.nonzero(sample == 0)
        assert len(holes) == 6 * 3 * 3 * 2
        (top, left), (bottom, right) = holes[:, 1:3].amin(0).tolist(), holes[:, 1:3].amax(0).tolist()
        assert (bottom - top, right - left) == (2, 2)
        corners.add((top, left))
    assert len(corners) > 10
    assert not apply("cutout", before, 7).any()


def test_time_shift():
    before = events()
    found = set()
    for a, b in zip(apply("time_shift", before), before, strict=True):
        for by in range(-2, 3):
            wanted = torch.zeros_like(b)
            wanted[max(by, 0):6 + min(by, 0)] = b[max(-by, 0):6 - max(by, 0)]
            if torch.equal(a, wanted):
                found.add(by)
    assert found == {-2, -1, 0, 1, 2}
    assert not apply("time_shift", before, 1000)[0].any()


def test_time_jitter():
    single = torch.zeros(SHAPE, dtype=torch.uint8)
    single[:, 3] = 1
    after = apply("time_jitter", single)
    assert torch.equal(after.sum(1), single.sum(1))
    shares = after.float().mean((0, 2, 3, 4))
    assert shares.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 0], abs=0.05)
    assert 0 < int(apply("time_jitter", events(), 1000).sum()) < int(events().sum()) / 10


def test_drop_polarity():
    before = torch.ones(SHAPE, dtype=torch.uint8)
    kept = apply("drop_polarity", before).float().mean((1, 2, 3))
    kinds = [tuple(sample) for sample in kept.tolist()]
    assert set(kinds) == {(1, 1), (0, 1), (1, 0)}
    assert 32 < sum(kind != (1, 1) for kind in kinds) < 58


def test_zero_strength_changes_and_draws_nothing():
    generator = torch.Generator().manual_seed(0)
    before = events().flatten(2)
    state = generator.get_state()
    assert Augmenter(AugmentConfig(), data((5, 7, 2)))(before, generator) is before
    assert torch.equal(generator.get_state(), state)


def test_all_together():
    augmenter = Augmenter(AugmentConfig(**STRENGTHS), data((5, 7, 2)))
    before = events().flatten(2)
    first, again = (augmenter(before, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == before.shape
    assert not torch.equal(first, before)


@pytest.mark.parametrize(("name", "sensor", "wanted"), [
    ("shift", (1, 12, 1), "needs a sensor of two dimensions, and mine.npz has 1 x 12; leave it out"),
    ("cutout", (12, 1, 1), "needs a sensor of two dimensions, and mine.npz has 12 x 1; leave it out"),
    ("drop_polarity", (4, 4, 1), "needs two channels, and mine.npz has 1; leave it out"),
])
def test_refused_for_the_sensor(name, sensor, wanted):
    with pytest.raises(DataError) as caught:
        Augmenter(AugmentConfig(**{name: STRENGTHS[name]}), data(sensor))
    assert str(caught.value) == f"Config training.augment.{name} {wanted}"


@pytest.mark.parametrize(("setting", "wanted"), [
    ("shfit=2", "Config section training.augment has no key 'shfit'; did you mean shift?"),
    ("shift=-1", "Config training.augment.shift must be at least 0, not -1"),
    ("shift=1.5", "Config training.augment.shift must be an integer, not 1.5"),
    ("flip=2", "Config training.augment.flip must be true or false, not 2"),
])
def test_refused_in_the_configuration(setting, wanted):
    with pytest.raises(SnnfpgaError) as caught:
        read_config(None, [f"training.augment.{setting}"])
    assert str(caught.value) == wanted
