"""A block of the reference that keeps what it computes as it learns, for the test vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backward import Credit
from .block import Block
from .layer_update import update_layer
from .rounding import mix
from .window import Window

LOW_HALF = 0xFFFF           # of a random word


class RecordingBlock(Block):
    """A block that keeps what it computed at the end of each window it learned from."""

    windows: list[dict[str, Any]]
    bits_of_words = LOW_HALF    # that are kept

    def _update(self, seed: int, number: int, error: NDArray[np.int64], until: NDArray[np.int64],
                found: list[Credit], window: Window) -> None:
        deltas = [self._deltas(index, credit, window) for index, credit in enumerate(found)]
        super()._update(seed, number, error, until, found, window)
        self.windows.append({
            "window_number": number, "steps": [window.start, window.start + len(window.read)], "error": error.tolist(),
            "credit": [credit.membrane.tolist() for credit in found],
            "delta": [delta.tolist() for delta in deltas],
            "word": [[mix(seed, number, layer, row) & self.bits_of_words for row in range(spec.rows)]
                     for layer, spec in zip(self.layer_numbers, self.spec.layers, strict=False)],
            "stored": [stored.tolist() for stored in self.stored], "readout": self.readout.tolist()})

    def _deltas(self, index: int, credit: Credit, window: Window) -> NDArray[np.int64]:
        """What weights of 0 are changed by, negated, where nothing is rounded and nothing saturates."""
        spec = self.spec.layers[index]
        changed = np.zeros((spec.rows, spec.columns), np.int64)
        update_layer(spec, changed, 62, 0, np.zeros(spec.rows, np.int64), credit, window, index)
        return -changed
