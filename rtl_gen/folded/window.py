"""Window state of a folded block: which sources of which layer were active, when, and how often; gates and spikes."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import plan_of
from ..memories import declared_memory
from .by_layer import by_layer
from .ports import FoldedGateReader, FoldedRecorder
from .window_ports import GateFinder, ListReader, MaskReader, PixelReader

__all__ = ["FoldedWindow"]


class FoldedWindow(wiring.Component):
    """Masks of the active sources, the lists and pixels by which they are found, and the gates and spikes.

    Recording and walking take turns; each port therefore serves both sides. The same source may be recorded in
    consecutive cycles. A touch is written one cycle after it. After a reset, which leaves memories as they are, all
    masks and pixels are cleared, one a cycle.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    recorder : In(FoldedRecorder)
        What is recorded; not while it is ``clearing``.
    masks, gate_reader : In(MaskReader), In(FoldedGateReader)
        How often sources were active; gates and spikes.
    gate_finder : In(GateFinder)
        Words without a gate, where credits are found as they are asked for.
    lists, pixels : In(ListReader), In(PixelReader)
        Which sources were active: of dense layers and of convolutions, where there are such.
    clearing : Out(1)
        What a reset left is being cleared.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._plan = plan_of(block)
        self._declared = declared = FoldedReverse(self._plan)
        super().__init__({
            "recorder": In(FoldedRecorder(block)),
            "masks": In(MaskReader(block)),
            "gate_reader": In(FoldedGateReader(block)),
            **({"gate_finder": In(GateFinder(block))} if declared.scans else {}),
            **({"lists": In(ListReader(block))} if declared.row_list else {}),
            **({"pixels": In(PixelReader(block))} if declared.occupied else {}),
            "clearing": Out(1, init=1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        declared, recorder = self._declared, self.recorder
        self._touched = touched = Signal()
        self._touched_layer, position = Signal.like(recorder.touch_layer), Signal.like(recorder.touch_position)
        deepest = max(memory.depth for memory in (declared.masks, declared.occupied) if memory)
        self._cleared = Signal(range(deepest))
        m.d.sync += [
            touched.eq(recorder.touch_en),
            self._touched_layer.eq(recorder.touch_layer),
            position.eq(recorder.touch_position),
        ]
        with m.If(self.clearing):
            m.d.sync += self._cleared.eq(self._cleared + 1)
            with m.If(self._cleared == deepest - 1):
                m.d.sync += self.clearing.eq(0)
        old, source = self._keep_masks(m, position)
        if declared.row_list:
            self._keep_lists(m, touched & (old == 0), source)
        if declared.occupied:
            self._keep_pixels(m)
        self._keep_gates(m)
        if declared.scans:
            self._find_gates(m)
        return m

    def _keep_masks(self, m: Module, position: Signal) -> tuple[Value, Signal]:
        """The mask of the source touched a cycle ago, before the touch; and that source."""
        bits, masks, recorder = self._declared.count_bits, self.masks, self.recorder
        m.submodules.mask_memory = memory = declared_memory(self._declared.masks)
        read, write = memory.read_port(), memory.write_port()
        source, old = Signal.like(recorder.touch_source), Signal(len(masks.mask))
        m.d.sync += source.eq(recorder.touch_source)
        m.d.comb += [
            read.addr.eq(Mux(recorder.touch_en, recorder.touch_source, masks.source)),
            read.en.eq(recorder.touch_en | masks.en),
            masks.mask.eq(read.data),
            old.eq(_newest(m, self._touched & (recorder.touch_source == source), read.data, write.data, "mask")),
            write.addr.eq(Mux(self._touched, source, Mux(self.clearing, self._cleared, masks.clear_source))),
            write.data.eq(Mux(self._touched, Cat(
                (old.word_select(p, bits) + (position == p))[:bits] for p in range(self.block.window)), 0)),
            write.en.eq(self._touched | self.clearing | masks.clear_en),
        ]
        return old, source

    def _keep_lists(self, m: Module, first: Value, source: Signal) -> None:
        """A source enters its layer's list as it is touched for the first time."""
        lists, sources, layer = self.lists, self._declared.sources, self._touched_layer
        m.submodules.row_list = memory = declared_memory(self._declared.row_list)
        read, write = memory.read_port(), memory.write_port()
        # Those of convolutions have none.
        rows = [Signal(range(plan.sources + 1), name=f"rows{number}") if found.listed else Const(0)
                for number, (plan, found) in enumerate(zip(self._plan.layers, sources, strict=True))]
        lengths = Array(rows)
        m.d.comb += [
            lists.rows.eq(lengths[lists.layer]),
            read.addr.eq(by_layer(lists.layer, [found.base for found in sources]) + lists.place),
            read.en.eq(lists.en),
            lists.source.eq(read.data),
            write.addr.eq(by_layer(layer, [found.base for found in sources]) + lengths[layer]),
            write.data.eq(source),
            write.en.eq(first & by_layer(layer, [int(found.listed) for found in sources])),
        ]
        for number, found in enumerate(sources):
            if found.listed:
                with m.If(lists.forget):
                    m.d.sync += rows[number].eq(0)
                with m.Elif(write.en & (layer == number)):
                    m.d.sync += rows[number].eq(rows[number] + 1)

    def _keep_pixels(self, m: Module) -> None:
        """A channel's bit in its pixel's word is set."""
        pixels, recorder, sources = self.pixels, self.recorder, self._declared.sources
        width = len(pixels.channels)
        m.submodules.occupied = memory = declared_memory(self._declared.occupied)
        read, write = memory.read_port(), memory.write_port()
        asked, address, channel = Signal.like(pixels.address), Signal.like(pixels.address), Signal(range(width))
        convolves, old = Signal(), Signal(width)
        touches = recorder.touch_en & by_layer(recorder.touch_layer, [int(not found.listed) for found in sources])
        words = []
        for found in sources:
            # Words of fewer than 32 channels hold a whole pixel; of others the upper bits of the channel are the part.
            part = recorder.touch_channel[len(channel):][:(found.parts - 1).bit_length()]
            words.append(found.base + Cat(part, recorder.touch_pixel))
        m.d.comb += asked.eq(Array(words)[recorder.touch_layer])
        m.d.sync += [convolves.eq(touches), address.eq(asked), channel.eq(recorder.touch_channel[:len(channel)])]
        m.d.comb += [
            read.addr.eq(Mux(touches, asked, pixels.address)),
            read.en.eq(touches | pixels.en),
            pixels.channels.eq(read.data),
            old.eq(_newest(m, convolves & (asked == address), read.data, write.data, "pixel")),
            write.addr.eq(Mux(convolves, address, Mux(self.clearing, self._cleared, pixels.clear_address))),
            write.data.eq(Mux(convolves, old | (1 << channel), 0)),
            write.en.eq(convolves | self.clearing | pixels.clear_en),
        ]

    def _keep_gates(self, m: Module) -> None:
        """Gates and spikes lie position by position, and within a position word by word."""
        recorder, asked, words = self.recorder, self.gate_reader, self._declared.all_words
        m.submodules.gates = memory = declared_memory(self._declared.gates)
        read, write = memory.read_port(), memory.write_port()
        bases = Array(position * words for position in range(self.block.window))
        m.d.comb += [
            write.addr.eq(bases[recorder.gate_position] + recorder.gate_word),
            write.data.eq(recorder.gates),
            write.en.eq(recorder.gate_en),
            read.addr.eq(bases[asked.position] + asked.word),
            asked.gates.eq(read.data),
        ]

    def _find_gates(self, m: Module) -> None:
        """A word's bit is that of its gates at the first position, and may be set at others."""
        recorder, finder = self.recorder, self.gate_finder
        m.submodules.gated = memory = declared_memory(self._declared.gated)
        read, write = memory.read_port(), memory.write_port()
        gates_any, earlier = Signal(), Signal()
        m.d.sync += [
            write.en.eq(recorder.gate_en),
            write.addr.eq(recorder.gate_word),
            gates_any.eq(Cat(lane.gate for lane in recorder.gates).any()),
            earlier.eq(recorder.gate_position != 0),
        ]
        m.d.comb += [
            read.addr.eq(Mux(recorder.gate_en, recorder.gate_word, finder.word)),
            write.data.eq(gates_any | (earlier & read.data)),
            finder.gated.eq(read.data),
        ]


def _newest(m: Module, again: Value, fetched: Value, written: Value, name: str) -> Value:
    """The word that is changed now: as it was fetched, or as it was ``written`` while it was, where it is it ``again``.
    """
    same, held = Signal(name=f"{name}_again"), Signal(len(fetched), name=f"{name}_held")
    m.d.sync += [same.eq(again), held.eq(written)]
    return Mux(same, held, fetched)
