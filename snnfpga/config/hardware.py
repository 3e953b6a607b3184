"""``hardware``: directives to the generator, for all blocks and for single ones."""

from typing import Annotated, Literal

from pydantic import Field

from rtl_gen.contract.block import MAX_AHEAD, MAX_LANES, MAX_READS, MEMORIES
from rtl_gen.contract.readout import MAX_CLASSES
from rtl_gen.contract.update import ROUNDINGS

from .section import Section, Steps

Lanes = Annotated[int, Field(ge=1, le=MAX_LANES)]
Reads = Annotated[int, Field(ge=1, le=MAX_READS)]
Memory = Literal[MEMORIES]
Classes = Annotated[int, Field(ge=1, le=MAX_CLASSES)]
Rounding = Literal[ROUNDINGS]
Ahead = Annotated[int, Field(ge=0, le=MAX_AHEAD)]


class BlockHardware(Section):
    """An entry of the list `hardware.blocks` says what its block has otherwise than the rest."""

    lanes: Lanes | None = Field(None, description="The lanes of this block; null takes `hardware.lanes`.")
    reads: Reads | None = Field(None, description="The weight words that this block reads in a cycle; null takes "
                                                  "`hardware.reads`.")
    memory: Memory | None = Field(
        None, description="Where the weights of this block lie; null takes `hardware.memory`.")
    learning: bool | None = Field(
        None, description="Whether this block has an update engine; null takes `hardware.learning`.")
    rounding: Rounding | None = Field(
        None, description="How this block rounds updates; null takes `hardware.rounding`.")
    unroll: bool | None = Field(
        None, description="Whether this block learns from an active row in one cycle; null takes `hardware.unroll`.")
    classes_per_cycle: Classes | None = Field(
        None, description="Classes that this block's readout walks in a cycle when it learns; more take more LUTs. "
                          "Null takes the fewest that keep up with the update engine at an input density of 5 %. "
                          "`network.reading: maximum` takes 1.")
    ahead: Ahead | None = Field(
        None, description="The events that may wait in front of this block; null takes `hardware.ahead`.")


class HardwareConfig(Section):
    """Directives to the generator, for all blocks, and for one block each under `blocks`."""

    lanes: Lanes = Field(8, description="The neurons that a block computes at a time.")
    reads: Reads = Field(
        1, description="The weight words that the forward pass of a block reads in a cycle; 2 halves its cycles, and "
                       "takes the memory's other port and an adder a lane. Only a block that is one layer of each "
                       "input at each neuron takes 2.")
    memory: Memory = Field(
        "auto",
        description="Where weights lie: in block RAM, in LUTs that can be RAM (`distributed`), or where the tool "
                    "puts them (`auto`).")
    learning: bool = Field(
        True, description="Blocks have an update engine, and go on learning on the chip.")
    rounding: Rounding = Field(
        "stochastic", description="How an update is rounded to a stored weight.")
    unroll: bool = Field(
        False,
        description="Blocks learn from an active row in one cycle, however often it was active in the window. "
                    "Otherwise they take a cycle for each step in which it was, in an update engine that hardly grows "
                    "with `learning.window`. No result changes. Only a block that is one layer of each input at each "
                    "neuron can.")
    ahead: Ahead = Field(
        0, description="The events, and ends of steps, that may wait in front of a block while it learns, in a queue "
                       "in block RAM, so that the block before it goes on. As many as a window has pay where of two "
                       "blocks in a row one takes long to learn and the other to run. No result changes.")
    max_steps: Steps | None = Field(
        None, description="The steps of the longest sample that the hardware takes; null is the T of the data.")
    blocks: tuple[BlockHardware, ...] = Field(
        (), description="What single blocks have otherwise, one entry a block.")

    def of_block(self, index: int) -> BlockHardware:
        """The directives of a block, none of them left open."""
        own = self.blocks[index].model_dump(exclude_none=True) if index < len(self.blocks) else {}
        return BlockHardware(**{"lanes": self.lanes, "reads": self.reads, "memory": self.memory,
                                "learning": self.learning, "rounding": self.rounding, "unroll": self.unroll,
                                "ahead": self.ahead} | own)
