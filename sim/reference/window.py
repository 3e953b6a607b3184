"""What happened in a block in the steps of a window, which is all that it learns from."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .forward import Trace
from .grid import Counts


@dataclass
class Window:
    """R steps of a block; a list entry a layer.

    Attributes
    ----------
    start
        Its first step in the sample.
    seen
        (R, inputs of the synapses): how many events came, after any pool.
    own
        (R, outputs), the own spikes that a recurrent layer read, those of the step before; (R, 0) of others.
    traces
        What its neurons did.
    read
        (R, rows): what the readout read.
    """

    start: int
    seen: list[Counts] = field(default_factory=list)
    own: list[NDArray[np.uint8]] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    read: Counts = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
