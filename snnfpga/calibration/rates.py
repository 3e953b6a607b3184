"""Shifts of a specification that learning on chip is calibrated by, and how they are replaced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.update import MAX_RATE_SHIFT

from ..config.on_chip import OnChipConfig

STEP = 1        # the rate that a calibrated network begins with: one faster and two slower ones are left


@dataclass(frozen=True)
class BlockShifts:
    """Rate shifts of a block as its hardware would be built, at the rate 0.

    Attributes
    ----------
    layers
        Of each layer.
    readout
        Of a learned readout; 0 of a fixed one.
    """

    layers: tuple[int, ...]
    readout: int


def shifts_of(network: Network) -> list[BlockShifts]:
    """The shifts of each block as they are."""
    return [BlockShifts(tuple(layer.update.rate_shift for layer in block.layers), block.readout.rate_shift)
            for block in network.spec.blocks]


def moved(shifts: Sequence[BlockShifts], by: int, on_chip: OnChipConfig) -> list[BlockShifts]:
    """The shifts ``by`` larger, but for those that ``on_chip`` gives by hand; none beyond what there is."""
    return [BlockShifts(tuple(_moved(shift, by, on_chip.rate_shift) for shift in own.layers),
                        _moved(own.readout, by, on_chip.readout_rate_shift)) for own in shifts]


def _moved(shift: int, by: int, asked: int | str | None) -> int:
    return max(0, shift + by) if asked == "auto" else shift


def with_shifts(network: Network, shifts: Sequence[BlockShifts], interval: int | None = None) -> Network:
    """``network`` with other rate shifts, as far as its rounding has them, learning every ``interval``-th window."""
    blocks = tuple(_block(block, own, interval) for block, own in zip(network.spec.blocks, shifts, strict=True))
    return replace(network, spec=replace(network.spec, blocks=blocks))


def _block(block: BlockSpec, shifts: BlockShifts, interval: int | None) -> BlockSpec:
    layers = tuple(
        replace(layer, update=replace(layer.update, rate_shift=min(shift, highest(layer.update.rounding))))
        for layer, shift in zip(block.layers, shifts.layers, strict=True))
    readout = block.readout
    if readout.learned:
        readout = replace(readout, rate_shift=min(shifts.readout, highest(readout.rounding)))
    return replace(block, layers=layers, readout=readout, update_interval=interval or block.update_interval)


def highest(rounding: str) -> int:
    """The largest rate shift under a rounding."""
    return 16 if rounding == "stochastic" else MAX_RATE_SHIFT


def step_of(on_chip: OnChipConfig) -> int:
    """The rate that a calibrated network begins with; 0 where a shift of 0 by hand leaves none below it."""
    return 0 if 0 in (on_chip.rate_shift, on_chip.readout_rate_shift) else STEP


def built(shifts: Sequence[BlockShifts], on_chip: OnChipConfig) -> list[BlockShifts]:
    """Shifts that hardware is built with, so that those given are had at the rate of :func:`step_of`."""
    step = step_of(on_chip)
    return [BlockShifts(tuple(max(0, shift - step) for shift in own.layers), max(0, own.readout - step))
            for own in shifts]


def begun(network: Network, on_chip: OnChipConfig) -> Network:
    """``network`` at the rate of :func:`step_of`, where its blocks learn."""
    step = step_of(on_chip)
    return replace(network, rates=tuple(step if block.directives.learns else 0 for block in network.spec.blocks))


def with_dead_zone(network: Network, dead_zone: int | None) -> Network:
    """``network`` whose readouts count errors up to ``dead_zone`` as none; as it is where that is None."""
    if dead_zone is None:
        return network
    blocks = tuple(replace(block, readout=replace(block.readout, dead_zone=dead_zone))
                   for block in network.spec.blocks)
    return replace(network, spec=replace(network.spec, blocks=blocks))
