"""From rows to learn from to what is added for them: each row's set bits of its mask, one a cycle."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import plan_of
from .window_ports import MaskReader

__all__ = ["RowSteps", "lowest_bit", "row_layout", "step_layout", "word_layout"]


def word_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what all rows of a walked word have alike: its layer, the ``base`` of its weight addresses, whether it
    is ``credited`` at all, in which ``half`` of the store, and whether its walk ``clears`` the masks of its rows.

    ``gathers`` says that its sums go to the delta memory, and not to the weights.
    """
    last = plan_of(block).layers[-1]
    return data.StructLayout({
        "layer": index_bits(block.depth), "base": index_bits(last.weight_base + last.weight_words),
        "credited": 1, "half": 1, "clears": 1, "gathers": 1})


def row_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a row of a walk: of a ``source``, of the ``bias``, or of ``thresholds``.

    What ``opens`` comes before a word's rows and tells of the ``word``, which is theirs until the next.
    """
    declared = FoldedReverse(plan_of(block))
    rows = max(layer.rows for layer in block.layers)
    return data.StructLayout({"opens": 1, "bias": 1, "thresholds": 1, "row": index_bits(rows),
                              "source": index_bits(declared.all_sources), "word": word_layout(block)})


def step_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a step: of a row's counts the lowest bit that is left, at this ``position``, worth ``2**bit``.

    ``first`` and ``last`` begin and end the row; what ``writes`` is a row of which all was gathered. A row of
    ``thresholds`` is one step, of what the neurons were given.
    """
    declared = FoldedReverse(plan_of(block))
    return data.StructLayout({
        "valid": 1, "first": 1, "last": 1, "writes": 1, "thresholds": 1,
        "row": index_bits(max(layer.rows for layer in block.layers)),
        "position": index_bits(block.window), "bit": index_bits(declared.count_bits), "word": word_layout(block)})


def lowest_bit(value: Value) -> tuple[Value, Value]:
    """All bits of ``value`` but the lowest that is set, and the number of that one."""
    less = (value - 1)[:len(value)]
    lowest = value & ~less
    number = Cat(Cat(lowest[bit] for bit in range(len(value)) if bit >> place & 1).any()
                 for place in range(index_bits(len(value))))
    return value & less, number


class RowSteps(wiring.Component):
    """Fetches the masks of the rows that come and takes a cycle for each of their set bits, lowest first.

    A bias is active once in each of the window's steps, and a row of thresholds takes one cycle. Rows of a word without
    credit take a cycle each and make no step. What opens a word whose sums are gathered takes two cycles and not one,
    so that the same row in the next word finds what was gathered of it.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    i : In(stream of row_layout)
        Rows.
    steps : In
        Steps of the window.
    masks : Out(MaskReader)
        The window buffer's masks; those of a word that clears are forgotten.
    restart : In(1)
        While idle: what comes next is a window's first word.
    step : Out(step_layout)
        What is added in this cycle.
    released : Out(1)
        Rows of a credited word have all been walked: those of another have come.
    idle : Out(1)
        No row is inside.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._declared = FoldedReverse(plan_of(block))
        super().__init__({
            "i": In(stream.Signature(row_layout(block))),
            "steps": In(range(block.window + 1)),
            "restart": In(1),
            "masks": Out(MaskReader(block)),
            "step": Out(step_layout(block)),
            "released": Out(1),
            "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        window, bits = self.block.window, self._declared.count_bits
        coming, now = Signal(row_layout(self.block)), Signal(row_layout(self.block))
        comes, works = Signal(), Signal()               # whether there is such a row
        left, first, waited = Signal(window * bits), Signal(), Signal()
        word = Signal(word_layout(self.block))
        rest, number = lowest_bit(left)
        position, bit = self._divided(number)
        ends, advance = Signal(), Signal()
        always = Cat(Cat(self.steps > p, Const(0, bits - 1)) for p in range(window))
        m.d.comb += [
            ends.eq(Mux(now.opens, waited | ~now.word.gathers, (rest == 0) | now.thresholds | ~word.credited)),
            advance.eq(~works | ends),
            self.i.ready.eq(~comes | advance),
            self.masks.en.eq(self.i.valid & self.i.ready),
            self.masks.source.eq(self.i.p.source),
        ]
        with m.If(self.i.ready):
            m.d.sync += [comes.eq(self.i.valid), coming.eq(self.i.p)]
        with m.If(advance):
            m.d.sync += [
                works.eq(comes), now.eq(coming), left.eq(Mux(coming.bias, always, self.masks.mask)), first.eq(1),
                waited.eq(0)]
        with m.Else():
            m.d.sync += [left.eq(rest), first.eq(0), waited.eq(1)]
        with m.If(works & now.opens):
            m.d.sync += word.eq(now.word)
        with m.If(self.restart):
            m.d.sync += word.credited.eq(0)
        row_ends = works & ~now.opens & ends
        m.d.comb += [
            self.step.valid.eq(works & ~now.opens & word.credited),
            self.step.first.eq(first),
            self.step.last.eq(ends),
            self.step.thresholds.eq(now.thresholds),
            self.step.row.eq(now.row),
            self.step.position.eq(position),
            self.step.bit.eq(bit),
            self.step.word.eq(word),
            self.masks.clear_en.eq(row_ends & word.clears & ~now.bias & ~now.thresholds),
            self.masks.clear_source.eq(now.source),
            self.released.eq(works & now.opens & first & word.credited),
            self.idle.eq(~works & ~comes),
        ]
        return m

    def _divided(self, number: Value) -> tuple[Value, Value]:
        """The position and the bit of a mask's bit."""
        bits = self._declared.count_bits
        if bits & (bits - 1) == 0:
            return number[bits.bit_length() - 1:], number[:bits.bit_length() - 1]
        return tuple(Array(Const(part) for part in parts)[number]
                     for parts in zip(*(divmod(n, bits) for n in range(self._declared.mask_bits)), strict=True))
