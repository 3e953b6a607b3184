"""An event camera that looks at still images: saccades, log intensity, contrast thresholds, noise.

The model follows Lichtsteiner et al. 2008 (a pixel reports when its log intensity has moved by a contrast threshold
since its last report) and the recording of N-MNIST (Orchard et al. 2015: the sensor moves, the picture stands still).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .dataset import Spikes

Images = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class EventCamera:
    """Parameters of the camera; lengths in pixels, times in steps, contrasts in natural log units.

    Attributes
    ----------
    steps
        T. The gaze goes once round the corners of ``path`` in this time.
    path
        Corners (dy, dx) of the gaze, in order; it starts and ends at the first.
    substeps
        The image is looked at this often in a step; a step holds at most one event of a pixel and polarity.
    dark
        Added to the intensity (0..1) before the logarithm: the dark current, which bounds the contrast.
    contrast
        A pixel reports each change of its log intensity by this much.
    mismatch
        Standard deviation of the contrast threshold from pixel to pixel, relative; a property of the sensor.
    jitter
        Standard deviation of the gaze around its path, in pixels, drawn anew for each sample and corner.
    noise
        Probability of an event without cause, for each pixel, polarity and step.
    """

    steps: int = 16
    path: tuple[tuple[float, float], ...] = ((-1.0, -1.0), (1.0, 0.0), (-1.0, 1.0))
    substeps: int = 4
    dark: float = 0.2
    contrast: float = 0.3
    mismatch: float = 0.1
    jitter: float = 0.1
    noise: float = 0.005


def _gaze(camera: EventCamera, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    corners = np.array([*camera.path, camera.path[0]])
    corners = corners + rng.normal(0.0, camera.jitter, (samples, *corners.shape))      # (N, corners, 2)
    looks = camera.steps * camera.substeps
    at = np.linspace(0.0, corners.shape[1] - 1, looks + 1)
    before = np.minimum(at.astype(int), corners.shape[1] - 2)
    part = (at - before)[:, None]
    return corners[:, before] * (1 - part) + corners[:, before + 1] * part             # (N, looks + 1, 2)


def look(images: Images, gaze: NDArray[np.float64]) -> Images:
    """Images (N, H, W) shifted by ``gaze`` (N, 2) pixels, bilinear between pixels and 0 outside."""
    _, height, width = images.shape
    margin = 1 + int(np.ceil(np.abs(gaze).max(initial=0.0)))
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    whole = np.floor(gaze).astype(int)
    part = gaze - whole
    sample = np.arange(len(images))[:, None, None]
    y = (whole[:, 0, None] + margin + np.arange(height))[:, :, None]
    x = (whole[:, 1, None] + margin + np.arange(width))[:, None, :]
    py, px = part[:, 0, None, None], part[:, 1, None, None]
    return ((padded[sample, y, x] * (1 - px) + padded[sample, y, x + 1] * px) * (1 - py)
            + (padded[sample, y + 1, x] * (1 - px) + padded[sample, y + 1, x + 1] * px) * py)


def record(images: Images, camera: EventCamera, seed: int) -> Spikes:
    """What the camera reports of each image.

    Parameters
    ----------
    images
        (N, H, W), intensities 0..1.
    camera
        The model's parameters.
    seed
        Draws the thresholds of the pixels (one sensor for all images), the gaze and the noise.

    Returns
    -------
    (N, T, H * W * 2) uint8; channel 0 is OFF, 1 is ON; input ``(y * W + x) * 2 + channel``.
    """
    samples, height, width = images.shape
    rng = np.random.default_rng(seed)
    # Below a fifth of the nominal threshold a pixel would report noise for ever; real ones are trimmed.
    off, on = camera.contrast * np.maximum(1 + camera.mismatch * rng.standard_normal((2, height, width)), 0.2)
    gaze = _gaze(camera, samples, rng)
    reported = np.log(look(images, gaze[:, 0]) + camera.dark)
    events = np.zeros((samples, camera.steps, height, width, 2), np.uint8)
    for t in range(camera.steps):
        for substep in range(camera.substeps):
            seen = np.log(look(images, gaze[:, t * camera.substeps + substep + 1]) + camera.dark)
            change = seen - reported
            rise, fall = change >= on, change <= -off
            reported += np.where(rise, on, 0.0) - np.where(fall, off, 0.0)
            events[:, t, :, :, 0] |= fall
            events[:, t, :, :, 1] |= rise
    events |= rng.random(events.shape) < camera.noise
    return events.reshape(samples, camera.steps, -1)
