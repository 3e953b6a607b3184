"""Files of NIR made for a test, and what their frameworks compute, step by step, in float."""

from itertools import pairwise

import h5py
import numpy as np

DT = 1e-4


def write(path, nodes, edges, version="1.0.8"):
    """A file of ``nodes``, (name, type, parameters); ``edges`` None is a chain of them."""
    if edges is None:
        names = [name for name, _, _ in nodes]
        edges = list(pairwise(names))
    with h5py.File(path, "w") as file:
        file["version"] = version
        root = file.create_group("node")
        root["type"] = "NIRGraph"
        root["edges"] = np.array(edges, dtype=h5py.string_dtype()) if edges else np.zeros((0, 2))
        root.create_group("nodes")
        for name, kind, parameters in nodes:
            group = root["nodes"].create_group(name)
            group["type"] = kind
            for key, value in parameters.items():
                group[key] = value
    return path


def chain(*parts, inputs, outputs=3):
    """Nodes from an Input to an Output, ``parts`` of (type, parameters) between."""
    return [("input", "Input", {"shape": np.atleast_1d(inputs)}),
            *((str(number), kind, values) for number, (kind, values) in enumerate(parts)),
            ("output", "Output", {"shape": np.atleast_1d(outputs)})]


def lif(count, keep, gain, threshold=1.0, dt=DT, **more):
    """Parameters of a LIF that keeps and weighs so much in a step of Euler's method."""
    tau = dt / (1 - keep)
    return {"tau": np.full(count, tau), "r": np.full(count, gain * tau / dt), "v_leak": np.zeros(count),
            "v_threshold": np.full(count, threshold), "v_reset": np.zeros(count), **more}


def dyadic(rng, *shape, unit=16, reach=1.0):
    """Weights on multiples of ``1 / unit``."""
    return (rng.integers(-int(reach * unit), int(reach * unit) + 1, shape) / unit).astype(np.float32)


def neurons(currents, *, keep, gain, threshold, above, reset, alpha=None, own=None):
    """Spikes (T, B, N) of currents (T, B, N) as a framework computes them, one step after the other.

    ``reset`` is zero, subtract, or late: the threshold is subtracted in the next step, after its leak. ``own`` weighs
    the neurons' spikes of the step before.
    """
    v, i, before, found = 0.0, 0.0, np.zeros_like(currents[0]), []
    for x in currents:
        x = x if own is None else x + before @ own.T
        i = x if alpha is None else alpha * i + x
        v = keep * v + gain * i - (before * threshold if reset == "late" else 0.0)
        before = (v > threshold if above else v >= threshold).astype(float)
        if reset != "late":
            v = v - before * (v if reset == "zero" else threshold)
        found.append(before)
    return np.stack(found)
