"""What the hardware computes, as plain data. Imports nothing outside the standard library.

One :class:`NetworkSpec` is built once, from a configuration or a network file, and handed to the reference, the
component, the bench and the driver alike. ``docs/arithmetic.md`` says what each field does to the bits.
"""

import re
from dataclasses import dataclass
from typing import Any

from .block import BlockSpec
from .checks import SpecError, check_range
from .errors import shown
from .tables import from_table, to_table

MAX_INPUTS = 1 << 16        # an event's index in a stream
MAX_BLOCKS = 64


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A chain of blocks.

    Attributes
    ----------
    name
        Names the build; letters, digits, ``-`` and ``_``.
    blocks
        The blocks, input side first. The last one's readout gives the answer.
    max_steps
        Longest sample, in steps. The width of the logits follows from it.
    seed
        Seeds the random words of stochastic rounding, 32 bits.
    """

    name: str
    blocks: tuple[BlockSpec, ...]
    max_steps: int
    seed: int

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch("[A-Za-z0-9_-]+", self.name):
            raise SpecError(f"Network name must be letters, digits, - and _, not {shown(self.name)}")
        check_range("Number of blocks", len(self.blocks), 1, MAX_BLOCKS)
        check_range("Max steps", self.max_steps, 1, (1 << 16) - 1)
        check_range("Seed", self.seed, 0, (1 << 32) - 1)
        for index, (block, after) in enumerate(zip(self.blocks, self.blocks[1:], strict=False)):
            if block.outputs != after.inputs:
                raise SpecError(f"Block {index} has {block.outputs} outputs, but block {index + 1} takes "
                                f"{after.inputs} inputs")
            if block.readout.classes != after.readout.classes:
                raise SpecError(f"Block {index} has {block.readout.classes} classes, but block {index + 1} has "
                                f"{after.readout.classes}")
        for index, block in enumerate(self.blocks):
            for number, layer in enumerate(block.layers):
                if layer.input_max > 1 and (index or number):
                    raise SpecError(f"Largest input of block {index} layer {number} must be 1, not {layer.input_max}: "
                                    "it reads spikes; only the network's first layer takes larger inputs")
            if block.window > self.max_steps:
                raise SpecError(f"Window of block {index} must be in 1..{self.max_steps}, the longest sample, "
                                f"not {block.window}")

    @property
    def inputs(self) -> int:
        return self.blocks[0].inputs

    @property
    def input_max(self) -> int:
        """How often an input may come in a step; events beyond are dropped."""
        return self.blocks[0].layers[0].input_max

    @property
    def classes(self) -> int:
        return self.blocks[-1].readout.classes

    def layer_number(self, block: int, layer: int) -> int:
        """Number of a layer among all, as the random words see it; a readout follows its block's layers."""
        return sum(b.depth + 1 for b in self.blocks[:block]) + layer

    def to_dict(self) -> dict[str, Any]:
        """As plain tables; fields that are as their defaults are left out."""
        return to_table(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkSpec":
        """Rebuild a specification from :meth:`to_dict` or its JSON.

        Raises
        ------
        SpecError
            If a field is missing, unknown or out of range.
        """
        return from_table(cls, values)
