"""Bundles of ports to a folded block's window buffer: which sources were active, when, and how often."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import plan_of

__all__ = ["GateFinder", "ListReader", "MaskReader", "PixelReader"]


class MaskReader(wiring.Signature):
    """Counts of the sources, through all layers.

    Members
    -------
    en, source : Out(1), Out(n)
        A source's mask is read; without ``en`` the one read before stays.
    mask : In
        The mask, one cycle later: of each position, the first lowest, how often the source was active.
    clear_en, clear_source : Out(1), Out(n)
        Forget a source's mask.
    """

    def __init__(self, block: BlockSpec) -> None:
        declared = FoldedReverse(plan_of(block))
        source = index_bits(declared.all_sources)
        super().__init__({"en": Out(1), "source": Out(source), "mask": In(declared.mask_bits),
                          "clear_en": Out(1), "clear_source": Out(source)})


class ListReader(wiring.Signature):
    """Lists of the active sources of the dense layers.

    Members
    -------
    layer, rows : Out, In
        A layer, and the length of its list.
    en, place : Out(1), Out(n)
        A place of the layer's list is read; without ``en`` the source read before stays.
    source : In
        The source there, one cycle later.
    forget : Out(1)
        Forget the lists of all layers; every mask was cleared.
    """

    def __init__(self, block: BlockSpec) -> None:
        declared = FoldedReverse(plan_of(block))
        place = index_bits(declared.row_list.depth)
        super().__init__({"layer": Out(index_bits(block.depth)), "rows": In(range(declared.row_list.depth + 1)),
                          "en": Out(1), "place": Out(place), "source": In(index_bits(declared.all_sources)),
                          "forget": Out(1)})


class PixelReader(wiring.Signature):
    """Active channels of the pixels that convolutions read.

    Members
    -------
    en, address : Out(1), Out(n)
        A word of a pixel is read; without ``en`` the one read before stays.
    channels : In
        Its bits, one cycle later: the channels that were active at any position.
    clear_en, clear_address : Out(1), Out(n)
        Forget a word.
    """

    def __init__(self, block: BlockSpec) -> None:
        occupied = FoldedReverse(plan_of(block)).occupied
        address = index_bits(occupied.depth)
        super().__init__({"en": Out(1), "address": Out(address), "channels": In(occupied.width),
                          "clear_en": Out(1), "clear_address": Out(address)})


class GateFinder(wiring.Signature):
    """Whether words of neurons had a gate at all.

    Members
    -------
    word : Out
        A word.
    gated : In(1)
        Whether a gate of it was not 0 at some position, one cycle later.
    """

    def __init__(self, block: BlockSpec) -> None:
        super().__init__({"word": Out(index_bits(FoldedReverse(plan_of(block)).all_words)), "gated": In(1)})
