"""Lists of events: what each layer's next walk will read, in one memory."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.forward import FoldedForward
from ..contract.plan import plan_of
from ..memories import declared_memory
from ..token import TokenKind, token_layout
from .layouts import list_layout, step_layout

__all__ = ["FoldedLists", "ListReader", "feeds_of", "own_layout"]


def own_layout(block: BlockSpec) -> Shape:
    """Shape of a neuron's number in the widest recurrent layer."""
    most = max([1, *(layer.outputs for layer in block.layers if layer.synapses.recurrent)])
    return unsigned(index_bits(most))


def feeds_of(block: BlockSpec) -> dict[int, stream.Signature]:
    """Streams of tokens into the lists of each layer: sources of the layer, and where they are complete."""
    return {number: stream.Signature(token_layout(layer.synapses.inputs, block.readout.classes))
            for number, layer in enumerate(block.layers)}


class ListReader(wiring.Signature):
    """Reading side of the lists.

    Members
    -------
    list, count : Out(list_layout), In
        A list, and how many events are in it, in the same cycle.
    complete : In(1)
        All events of that layer's step are in it; of the first layer, they came with their step.
    settled : In(1)
        No neuron's own spikes are on their way to a list.
    position, en : Out, Out(1)
        Which event is read.
    source : In
        It, a cycle after ``en`` was set, until ``en`` is set again.
    begins, taken : Out(1), Out(1)
        The layer's walk begins; or it is at its end: the list is empty from the next cycle on.
    forget : Out(1)
        So are the lists of all layers behind the first: a sample was aborted.
    """

    def __init__(self, block: BlockSpec) -> None:
        engine = FoldedForward(plan_of(block))
        most = max(engine.list_capacity(number) for number in range(block.depth))
        super().__init__({
            "list": Out(list_layout(block)), "count": In(range(most + 1)), "complete": In(1),
            "settled": In(1),
            "position": Out(range(most)), "en": Out(1), "source": In(engine.events.width),
            "begins": Out(1), "taken": Out(1), "forget": Out(1),
        })


class FoldedLists(wiring.Component):
    """Events of all layers: of the first the step that is computed and the one that is gathered, of a recurrent one its
    own for the next step beside those of this one.

    Takes an event a cycle, of a recurrent layer's own spikes first, then of the layers', then of the input's.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    i0 : In(stream of tokens)
        The block's events, behind the first layer's pool: START, EVENT, STEP, ABORT.
    i1, … : In(stream of tokens)
        Of each further layer: EVENT, and STEP where they are complete.
    own_en, own_layer, own, own_ends : In
        A neuron of the recurrent layer fired in a step that another follows; or the layer's step has ended.
    step : Out(stream of step_layout)
        Each START, STEP and ABORT in order, a STEP or ABORT with the list of its events.
    reader : In(ListReader)
        Who walks them.
    empty : Out(1)
        No event of the input and no step is inside.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._engine = FoldedForward(plan_of(block))
        super().__init__({
            **{f"i{number}": In(feed) for number, feed in feeds_of(block).items()},
            "own_en": In(1), "own_layer": In(index_bits(block.depth)), "own": In(own_layout(block)), "own_ends": In(1),
            "step": Out(stream.Signature(step_layout(block))),
            "reader": In(ListReader(block)),
            "empty": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.events = memory = declared_memory(self._engine.events)
        read, self._write = memory.read_port(), memory.write_port()
        bases, reader = self._engine.lists, self.reader
        # A list's end is where its next event goes.
        self._ends = [[Signal(range(self._engine.events.depth + 1), init=base, name=f"end{number}_{bank}")
                       for bank, base in enumerate(banks)] for number, banks in enumerate(bases)]
        self._bank = Signal()                           # of the step being computed
        m.d.comb += [self.reader.source.eq(read.data), read.en.eq(reader.en)]
        chosen = self._choice(m, reader.list)
        m.d.comb += [
            read.addr.eq(chosen[1] + reader.position),
            reader.count.eq(chosen[0] - chosen[1]),
        ]
        self._gather(m)
        self._complete(m)
        with m.If(reader.begins):
            m.d.sync += self._bank.eq(reader.list.bank)
        for number, banks in enumerate(self._ends):
            for bank, end in enumerate(banks):
                one = (reader.list.layer == number) & (reader.list.bank == bank if len(banks) > 1 else 1)
                with m.If((reader.taken & one) | (reader.forget if number else 0)):
                    m.d.sync += end.eq(bases[number][bank])
        return m

    def _choice(self, m: Module, which: Value) -> tuple[Signal, Signal]:
        """End and base of a list; only one bank of a layer with one."""
        end, base = (Signal(range(self._engine.events.depth + 1), name=f"{name}_of_list") for name in ("end", "base"))
        with m.Switch(which.layer):
            for number, (ends, bases) in enumerate(zip(self._ends, self._engine.lists, strict=True)):
                with m.Case(number):
                    two = len(ends) > 1
                    m.d.comb += [
                        end.eq(Mux(which.bank, ends[-1], ends[0]) if two else ends[0]),
                        base.eq(Mux(which.bank, bases[-1], bases[0]) if two else bases[0]),
                    ]
        return end, base

    def _gather(self, m: Module) -> None:
        """One event a cycle goes to the end of its list, in the next cycle into the memory."""
        block = self.block
        fill, busy = Signal(), Signal(2)                # bank of the input being filled; banks that wait or are walked
        goes, layer, bank = Signal(), Signal(index_bits(block.depth)), Signal()
        source = Signal(self._engine.events.width)
        feeds = [getattr(self, f"i{number}") for number in range(block.depth)]
        free, taken_first = ~busy.bit_select(fill, 1), self.reader.taken & (self.reader.list.layer == 0)
        # Of the layers' streams one is valid at a time: a layer's walk begins when its own has ended.
        m.d.comb += [feed.ready.eq(~self.own_en) for feed in feeds[1:]]
        spiking = Cat(feed.valid for feed in feeds[1:]).any() | self.own_en
        is_event = feeds[0].p.kind == TokenKind.EVENT
        with m.If(is_event):
            m.d.comb += feeds[0].ready.eq(free & ~spiking)
        with m.Elif(feeds[0].p.kind == TokenKind.START):
            m.d.comb += feeds[0].ready.eq(~self.step.valid)
        with m.Else():
            m.d.comb += feeds[0].ready.eq(free & ~self.step.valid)

        for number, feed in enumerate(feeds):
            with m.If(feed.valid & feed.ready & (feed.p.kind == TokenKind.EVENT)):
                m.d.comb += [goes.eq(1), layer.eq(number), source.eq(feed.p.value),
                             bank.eq(fill if number == 0 else self._bank)]
        owns = [(number, spec) for number, spec in enumerate(block.layers) if spec.synapses.recurrent]
        if owns:
            with m.If(self.own_en):
                m.d.comb += [goes.eq(1), layer.eq(self.own_layer), bank.eq(~self._bank)]
                with m.Switch(self.own_layer):
                    for number, spec in owns:
                        with m.Case(number):
                            m.d.comb += source.eq(spec.synapses.inputs + self.own)

        writes = Signal()
        m.d.sync += [writes.eq(goes), self._write.data.eq(source)]
        m.d.comb += self._write.en.eq(writes)
        place = Signal.like(self._write.addr)
        m.d.comb += self._write.addr.eq(place)
        for number, ends in enumerate(self._ends):
            for number_bank, end in enumerate(ends):
                with m.If(goes & (layer == number) & ((bank == number_bank) if len(ends) > 1 else 1)):
                    m.d.sync += [place.eq(end), end.eq(end + 1)]

        # A step waits in one register; the token behind it is not taken before there is room for its own step.
        begun = Signal()                                # events of a step came, and not its end
        m.d.comb += self.empty.eq(~self.step.valid & (busy == 0) & ~begun & ~feeds[0].valid)
        with m.If(feeds[0].valid & feeds[0].ready):
            m.d.sync += begun.eq(is_event)
        released = Signal(2)
        m.d.comb += released.eq(Mux(taken_first, Mux(self.reader.list.bank, 0b10, 0b01), 0))
        m.d.sync += busy.eq(busy & ~released)
        with m.If(self.step.ready):
            m.d.sync += self.step.valid.eq(0)
        with m.If(feeds[0].valid & feeds[0].ready & ~is_event):
            m.d.sync += [
                self.step.valid.eq(1),
                self.step.p.kind.eq(feeds[0].p.kind),
                self.step.p.last.eq(feeds[0].p.last),
                self.step.p.value.eq(feeds[0].p.value),
                self.step.p.bank.eq(fill),
            ]
            with m.If(feeds[0].p.kind != TokenKind.START):
                m.d.sync += [busy.eq((busy & ~released) | Mux(fill, 0b10, 0b01)), fill.eq(~fill)]

    def _complete(self, m: Module) -> None:
        """Which layers' lists have all events of the step."""
        fed, pending = [Const(1)], []
        for number, spec in enumerate(self.block.layers):
            this = self.reader.list.layer == number
            if number:
                whole, feed = Signal(name=f"fed{number}"), getattr(self, f"i{number}")
                with m.If(feed.valid & feed.ready & (feed.p.kind == TokenKind.STEP)):
                    m.d.sync += whole.eq(1)
                with m.Elif(self.reader.taken & this):
                    m.d.sync += whole.eq(0)
                fed.append(whole)
            if spec.synapses.recurrent:
                spiking = Signal(name=f"pending{number}")
                with m.If(self.reader.begins & this):
                    m.d.sync += spiking.eq(1)
                with m.Elif(self.own_ends & (self.own_layer == number)):
                    m.d.sync += spiking.eq(0)
                pending.append(spiking)
        m.d.comb += [
            self.reader.complete.eq(Array(fed)[self.reader.list.layer]),
            # Own spikes are for the bank that the step before does not have: so the next step waits for all of them.
            self.reader.settled.eq(~Cat(pending).any()),
        ]
