"""The camera and the codes do what their descriptions say."""

import numpy as np
import pytest

from snnfpga.data.coding import encode
from snnfpga.data.dataset import DataError
from snnfpga.data.event_camera import EventCamera, look, record
from snnfpga.data.registry import DataOptions, load

IDEAL = {"mismatch": 0.0, "jitter": 0.0, "noise": 0.0}


def edge():
    """Dark on the left, bright on the right, all the way beyond the border."""
    image = np.zeros((1, 8, 8))
    image[:, :, 4:] = 1.0
    return image


def test_look_shifts_and_interpolates():
    image = np.zeros((2, 3, 3))
    image[:, 1, 1] = 1.0
    seen = look(image, np.array([[1.0, 0.0], [0.25, -0.5]]))
    assert seen[0].tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(seen[1], [[0, 0.125, 0.125], [0, 0.375, 0.375], [0, 0, 0]])


def test_a_still_gaze_sees_nothing():
    camera = EventCamera(path=((0.3, 0.2), (0.3, 0.2)), **IDEAL)
    assert record(edge(), camera, 0).sum() == 0


def test_polarity_follows_the_contrast():
    """The gaze goes right, so the edge goes left: pixel 3 turns bright, then dark again on the way back."""
    camera = EventCamera(steps=10, path=((0.0, 0.0), (0.0, 1.0)), **IDEAL)
    events = record(edge(), camera, 0).reshape(10, 8, 8, 2)
    on, off = events[:5, 3, 3], events[5:, 3, 3]
    assert on[:, 1].sum() >= 3
    assert on[:, 0].sum() == 0
    assert off[:, 0].sum() >= 3
    assert off[:, 1].sum() == 0
    assert events[:, 3, 1].sum() == 0
    # log(1.2 / 0.2) is 1.79, six thresholds of 0.28 and not seven; a substep reports one at most.
    fine = EventCamera(steps=200, path=((0.0, 0.0), (0.0, 1.0)), contrast=0.28, **IDEAL)
    assert record(edge(), fine, 0).reshape(200, 8, 8, 2)[:100, 3, 3, 1].sum() == 6


def test_a_pixel_reports_one_threshold_at_a_time():
    """The gaze jumps in four steps and rests: what it has not reported yet comes out afterwards."""
    camera = EventCamera(steps=16, substeps=1, path=((0.0, 0.0), (0.0, 1.0), (0.0, 1.0), (0.0, 1.0)), contrast=0.28,
                         **IDEAL)
    events = record(edge(), camera, 0).reshape(16, 8, 8, 2)
    assert np.flatnonzero(events[:12, 3, 3, 1]).tolist() == [0, 1, 2, 3, 4, 5]


def test_on_and_off_have_thresholds_of_their_own():
    camera = EventCamera(steps=400, path=((0.0, 0.0), (0.0, 1.0)), mismatch=0.2, jitter=0.0, noise=0.0)
    events = record(edge(), camera, 3).reshape(400, 8, 8, 2)[:, :, 3].sum(0, dtype=int)        # (8, 2)
    off, on = (camera.contrast * (1 + 0.2 * np.random.default_rng(3).standard_normal((2, 8, 8))))[:, :, 3]
    rises = np.floor(np.log(1.2 / 0.2) / on)
    assert events[:, 1].tolist() == rises.tolist()
    assert events[:, 0].tolist() == np.floor(rises * on / off).tolist()


def test_noise_and_mismatch_are_what_is_asked_for():
    dark = np.zeros((200, 8, 8))
    assert record(dark, EventCamera(noise=0.02, mismatch=0.0), 1).mean() == pytest.approx(0.02, rel=0.05)
    images = np.repeat(edge(), 50, axis=0)
    alike = record(images, EventCamera(**IDEAL), 3)
    assert (alike == alike[0]).all()
    mismatched = record(images, EventCamera(mismatch=0.2, jitter=0.0, noise=0.0), 3)
    assert (mismatched == mismatched[0]).all()          # one sensor for all images
    assert (mismatched != alike).any()


def test_the_seed_decides():
    first, again, other = (load("digits-events", DataOptions(seed=seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.train.spikes, again.train.spikes)
    assert (first.train.labels != other.train.labels).any()
    assert 0.03 < first.train.spikes.mean() < 0.25
    assert np.bincount(first.test.labels).min() >= 34


def test_the_drifted_camera_sees_the_same_images():
    before, after = load("digits-events"), load("digits-events-drifted")
    np.testing.assert_array_equal(before.train.labels, after.train.labels)
    np.testing.assert_array_equal(before.test.labels, after.test.labels)
    assert (before.test.spikes != after.test.spikes).mean() > 0.05


def test_rate_code():
    values = np.tile([[0.0, 0.25, 0.5, 1.0]], (3, 1))
    spikes = encode(values, "rate", 16, 0)
    assert spikes.sum(1).tolist() == [[0, 4, 8, 16]] * 3
    assert np.diff(np.flatnonzero(spikes[0, :, 1])).tolist() == [4, 4, 4]
    chance = encode(np.full((400, 1), 0.25), "bernoulli", 16, 0)
    assert chance.mean() == pytest.approx(0.25, rel=0.05)
    assert chance.sum(1).std() > 1


def test_latency_code():
    spikes = encode(np.array([[1.0, 0.5, 0.26, 0.19, 0.0]]), "latency", 4, 0)[0]
    assert np.argwhere(spikes).tolist() == [[0, 0], [2, 1], [3, 2]]


def test_phase_code():
    spikes = encode(np.array([[1.0, 0xA4 / 255, 0.0]]), "phase", 11, 0)[0]
    assert spikes.T.tolist() == [[1] * 11, [1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1], [0] * 11]


def test_sigma_delta_code():
    values = np.linspace(0, 1, 17)[None]
    assert encode(values, "sigma-delta", 16, 0)[0].sum(0).tolist() == list(range(17))
    # Worked by hand for 5/16: the sum of errors reaches 1/2 in steps 1, 4 and 8.
    assert np.flatnonzero(encode(values, "sigma-delta", 10, 0)[0, :, 5]).tolist() == [1, 4, 8]


@pytest.mark.parametrize(("name", "options", "wanted"), [
    ("digit-events", {}, "No data set is called 'digit-events'; did you mean digits-events? (snnfpga datasets lists "
                         "them), or give the path of an .npz"),
    ("digits-events", {"coding": "rate"}, "Data coding applies to still images, and digits-events is events already; "
                                          "leave coding out"),
])
def test_refused(name, options, wanted):
    with pytest.raises(DataError) as caught:
        load(name, DataOptions(**options))
    assert str(caught.value) == wanted
