"""Credits of the words that a reverse pass walks, once what is fed back to them is known."""

from collections.abc import Sequence
from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..addends import sum_of
from ..contract.arithmetic import FEEDBACK_BITS, feedback_max, index_bits, signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.engines.readout import Readout
from ..contract.plan import plan_of
from ..fifo import StreamFifo
from ..memories import declared_memory
from ..neuron import kind_of
from ..neurons.lif import decayed_by
from ..ports import FeedbackReader
from .by_layer import by_layer
from .credit_memory import CreditWriter
from .flow_credits import FlowCredits
from .lasting_credits import LastingCredits
from .ports import injected_layout
from .reverse_layouts import scanned_layout, sum_layout, word_layout

__all__ = ["ReverseScan"]

CREDIT = 3                          # cycles from a part's gates to the credits of its membranes


class ReverseScan(wiring.Component):
    """``credit[p] = gate[p] * feedback[p] + decay(credit[p + 1])``, a part of a word a cycle, word behind word.

    A word is taken when its sums have come; its credits are in memory ``parts + FoldedCredits.scan_cycles`` cycles
    later. The first word of a position is not taken before the last of the one before is that far.

    Computes ``credits_of`` of :mod:`sim.reference.neurons` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    layer : In
        The layer of all words inside.
    word_en, word : In(1), In(word_layout)
        A word whose sums will come; of at most :attr:`FoldedCredits.AHEAD` that are not ``through``.
    summed : In(sum_layout)
        What is fed back to a lane of the word whose sums come, and whether that was the word's last.
    feedback_reader : Out(FeedbackReader)
        Where the readout's feedback is read.
    writer : Out(CreditWriter)
        Credits found.
    through : Out(1)
        Those of a word are in memory from the next cycle on.
    at : Out(scanned_layout)
        That word.
    finding, asked, injected : In(1), In, Out
        While nothing is found, the word whose sums of what its neurons were given are wanted, and these a cycle later.
        Only of a block with learned thresholds.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.plan = plan_of(block)
        self.engine, self._by_position = FoldedCredits(self.plan), Readout(self.plan).by_position
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "word_en": In(1),
            "word": In(word_layout(block)),
            "summed": In(sum_layout(block)),
            "feedback_reader": Out(FeedbackReader(block, self.engine.feedback_bits)),
            "writer": Out(CreditWriter(block)),
            "through": Out(1),
            "at": Out(scanned_layout(block)),
            **({"finding": In(1), "asked": In(index_bits(self.engine.words)), "injected": Out(data.ArrayLayout(
                injected_layout(block), block.directives.lanes))} if self.engine.injected_memories else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        engine = self.engine
        m.submodules.words = words = StreamFifo(word_layout(self.block), engine.AHEAD)
        word, part = Signal(word_layout(self.block)), Signal(index_bits(engine.parts))
        active, last_part, take, next_part = Signal(), Signal(), Signal(), Signal.like(part)
        waiting = Signal(range(engine.AHEAD + 1))           # words whose sums have come
        under_way = Signal()                                # parts are on their way into memory
        ended = self.summed.ends
        m.d.comb += [
            words.i.valid.eq(self.word_en),
            words.i.payload.eq(self.word),
            words.o.ready.eq(take),
            last_part.eq(part == engine.parts - 1),
            take.eq((waiting != 0) & (~active | last_part) & (~words.o.p.first | ~under_way)),
            next_part.eq(Mux(take, 0, part + 1)),
        ]
        m.d.sync += [
            waiting.eq(waiting + ended - take),
            active.eq(take | (active & ~last_part)),
            part.eq(next_part),
        ]
        with m.If(take):
            m.d.sync += word.eq(words.o.payload)
        # What memories give in the next cycle is of the part that is then scanned.
        following = Signal(scanned_layout(self.block))
        m.d.comb += [
            self.feedback_reader.group.eq(Mux(take, words.o.p.feedback, word.feedback)),
            following.place.eq(Mux(take, words.o.p.place, word.place)),
            following.position.eq(Mux(take, words.o.p.position, word.position)),
            following.part.eq(next_part),
        ]
        if self._by_position:
            m.d.comb += self.feedback_reader.position.eq(following.position)
        carried = self._carried(m, following)
        stored = self._stored(m, word, part)
        now = Signal(scanned_layout(self.block))
        m.d.comb += [now.valid.eq(active), now.credit.eq(word.credit), now.place.eq(word.place),
                     now.position.eq(word.position), now.row.eq(word.row), now.part.eq(part), now.last.eq(last_part)]
        # The parts whose gates are chosen in this cycle, were in the one before, and so on.
        ages = [now] + [Signal(scanned_layout(self.block), name=f"age{cycle}") for cycle in range(
            1, engine.scan_cycles)]
        m.d.sync += [later.eq(before) for before, later in pairwise(ages)]
        levels = self._levels(m, word, following, ages[1]) if engine.level_memory else [None] * engine.scan_lanes
        lanes = [self._lane(m, lane, word, part, stored, carried, levels[lane]) for lane in range(engine.scan_lanes)]
        credits = [credit for credit, _ in lanes]
        if engine.injected_memories:
            self._inject(m, ages, word, following, [inject for _, inject in lanes])
        self._carry_on(m, ages[CREDIT], credits)
        if engine.lasts:
            m.submodules.lasting = lasting = LastingCredits(self.block)
            m.d.comb += [lasting.layer.eq(self.layer), lasting.following.eq(following), lasting.opens.eq(word.opens),
                         lasting.at.eq(ages[lasting.BEHIND]),
                         *(into.eq(credit) for into, credit in zip(lasting.credits, credits, strict=True))]
            credits = list(lasting.lasting)
        if engine.flows:
            m.submodules.flows = flows = FlowCredits(self.block)
            m.d.comb += [flows.layer.eq(self.layer), flows.following.eq(following), flows.at.eq(ages[flows.behind]),
                         *(into.eq(credit) for into, credit in zip(flows.credits, credits, strict=True))]
            credits = list(flows.told)
        self._write(m, ages[-1], credits)
        m.d.comb += under_way.eq(Cat(age.valid for age in ages).any())
        return m

    def _part_of(self, m: Module, values: Sequence[Value], part: Value, lane: int, name: str) -> Signal:
        """What a lane of a scan has in this part of ``values``, one a lane of the word; 0 beyond the last."""
        found = Signal(Value.cast(values[0]).shape(), name=f"{name}{lane}")
        with m.Switch(part):
            for number, at in enumerate(range(lane, self.plan.lanes, self.engine.scan_lanes)):
                with m.Case(number):
                    m.d.comb += found.eq(values[at])
        return found

    def _stored(self, m: Module, word: data.View, part: Value) -> list[list[Value]]:
        """What is fed back to each lane of the part: by the layer above; and by own rows, where any layer has some."""
        engine, summed = self.engine, self.summed
        bank = Signal.like(word.bank)                   # of the word whose sums come
        m.d.sync += bank.eq(bank + summed.ends)
        place, of_part = Signal(range(engine.scan_lanes)), Signal(index_bits(engine.parts))
        with m.Switch(summed.lane):
            for lane in range(self.plan.lanes):
                with m.Case(lane):
                    m.d.comb += [place.eq(lane % engine.scan_lanes), of_part.eq(lane // engine.scan_lanes)]
        found = []
        for number, declaration in enumerate(engine.feedback_memories):
            name = declaration.name
            m.submodules[name] = memory = declared_memory(declaration)
            write = memory.write_port(granularity=FEEDBACK_BITS)
            read = memory.read_port(domain="comb")
            m.d.comb += [
                write.addr.eq(Cat(of_part[:engine.part_bits], bank)),
                write.data.eq(summed.value.replicate(engine.scan_lanes)),
                write.en.eq(Mux(summed.en & (summed.own == number), 1 << place, 0)),
                read.addr.eq(Cat(part[:engine.part_bits], word.bank)),
            ]
            found.append([read.data.word_select(lane, FEEDBACK_BITS).as_signed() for lane in range(engine.scan_lanes)])
        return found

    def _carried(self, m: Module, following: data.View) -> data.View:
        """The credits of the position behind, of a part; a cycle later."""
        m.submodules.carried = memory = declared_memory(self.engine.carried_memory)
        self._carry = memory.write_port()
        read = memory.read_port()
        m.d.comb += read.addr.eq(Cat(following.part[:self.engine.part_bits], following.place))
        return data.View(data.ArrayLayout(signed(self.engine.carried_bits), self.engine.scan_lanes), read.data)

    def _lane(self, m: Module, lane: int, word: data.View, part: Value, stored: list[list[Value]],
              carried: data.View, told: Signal | None) -> tuple[Signal, Signal]:
        """The credit of a lane, three cycles after its gates are chosen; and what of it is given here, in two."""
        gates = self._part_of(m, list(word.gates), part, lane, "gates")
        spike, gate = gates[0], gates[1:]
        read = (self.feedback_reader.read if self._by_position else
                word.opens if self.block.readout.reading == "last" else word.in_loss)
        readout = Mux(read, self._part_of(m, list(self.feedback_reader.feedback), part, lane, "readout"), 0)
        if told is not None:
            m.d.comb += told.eq(readout + self._behind[lane])
            readout = told
        is_last = self.layer == self.block.depth - 1
        above = Mux(word.above, Mux(is_last, readout, stored[0][lane]), 0)
        own = Mux(word.own, stored[1][lane], 0) if len(stored) > 1 else Const(0, signed(1))
        largest = max(feedback_max(self.block, number) for number in range(self.block.depth))
        largest += (1 << (FEEDBACK_BITS - 1)) * (len(stored) > 1)
        total = Signal(signed(signed_bits(largest)), name=f"total{lane}")
        decayed = Signal(signed(self.engine.carried_bits), name=f"decayed{lane}")
        kept = Signal.like(decayed, name=f"kept{lane}")
        held_gate = Signal(gate.shape(), name=f"gate{lane}")
        m.d.sync += [total.eq(above + own), held_gate.eq(gate), decayed.eq(0), kept.eq(decayed)]
        with m.Switch(self.layer):
            for number, layer in enumerate(self.block.layers):
                with m.Case(number):
                    cut = word.opens | (spike if layer.neuron.reset == "zero" else 0)
                    with m.If(~cut):
                        m.d.sync += decayed.eq(kind_of(layer.neuron).decayed(layer.neuron, carried[lane]))
        height = max(layer.surrogate.height for layer in self.block.layers)
        inject = Signal(signed(signed_bits(largest * height)), name=f"inject{lane}")
        # A gate has at most three bits: its product is a sum of shifted copies.
        m.d.sync += inject.eq(sum(Mux(held_gate[bit], total << bit, 0) for bit in range(len(gate))))
        credit = Signal(signed(self.engine.carried_bits), name=f"credit{lane}")
        m.d.sync += credit.eq(inject + kept)
        return credit, inject

    def _levels(self, m: Module, word: data.View, following: data.View, at: data.View) -> list[Signal]:
        """What levels tell each lane of a part whose gates are chosen, those of the position behind among them; that of
        the part ``at`` a cycle ago is kept.
        """
        engine, bits = self.engine, self.engine.level_bits
        m.submodules.levels = memory = declared_memory(engine.level_memory)
        write, read = memory.write_port(), memory.read_port()
        told = [Signal(signed(bits), name=f"told{lane}") for lane in range(engine.scan_lanes)]
        self._behind, kept = [], [Signal(signed(bits), name=f"kept_told{lane}") for lane in range(engine.scan_lanes)]
        for lane in range(engine.scan_lanes):
            behind = read.data.word_select(lane, bits).as_signed()
            self._behind.append(Mux(word.opens, 0, decayed_by(self.block.readout.leak_shift, behind)))
        m.d.sync += [value.eq(now) for value, now in zip(kept, told, strict=True)]
        m.d.comb += [
            read.addr.eq(Cat(following.part[:engine.part_bits], following.place)),
            write.addr.eq(Cat(at.part[:engine.part_bits], at.place)),
            write.data.eq(Cat(kept)),
            # Of the layers below, which come later, nothing is read.
            write.en.eq(at.valid),
        ]
        return told

    def _inject(self, m: Module, ages: list[data.View], word: data.View, following: data.View,
                injects: list[Signal]) -> None:
        """Sums what neurons are given over the positions; while nothing is found, whoever asks reads the sums."""
        engine, given = self.engine, injected_layout(self.block)
        base = by_layer(self.layer, [plan.word_base for plan in self.plan.layers])
        at, parts, sums = ages[CREDIT], [], [Signal(given, name=f"given{lane}") for lane in range(len(injects))]
        for number, declaration in enumerate(engine.injected_memories):
            m.submodules[f"injected{number}"] = memory = declared_memory(declaration)
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                read.addr.eq(Mux(self.finding, following.place + base, self.asked)),
                write.addr.eq(at.place + base),
                write.data.eq(Cat(sums)),
                write.en.eq(at.valid & (at.part == number)),
            ]
            parts.append(read.data)
        m.d.comb += Value.cast(self.injected).eq(Cat(parts))
        for lane, (total, inject) in enumerate(zip(sums, injects, strict=True)):
            before = self._part_of(m, list(self.injected), ages[0].part, lane, "injected")
            held = [Signal(given, name=f"injected{lane}_{stage}") for stage in range(CREDIT - 1)]
            m.d.sync += [
                held[0].as_value().eq(Mux(word.opens, 0, before)),
                *(later.eq(sooner) for sooner, later in pairwise(held)),
                total.sum.eq(held[-1].sum + inject),
                total.told.eq(held[-1].told | inject.any()),
            ]

    def _carry_on(self, m: Module, at: data.View, credits: list[Signal]) -> None:
        """Credits of membranes, for the position before."""
        m.d.comb += [
            self._carry.addr.eq(Cat(at.part[:self.engine.part_bits], at.place)),
            self._carry.data.eq(Cat(credits)),
            self._carry.en.eq(at.valid),
        ]

    def _write(self, m: Module, at: data.View, credits: Sequence[Value]) -> None:
        """A part's credits into memory, and how many of a word are not 0."""
        writer, count = self.writer, Signal(self.writer.count.shape())
        counted = Signal(self.writer.count.shape())
        m.d.comb += [
            writer.en.eq(at.valid),
            writer.address.eq(at.credit),
            writer.part.eq(at.part),
            *(value.eq(credit) for value, credit in zip(writer.credits, credits, strict=True)),
            counted.eq(Mux(at.part == 0, 0, count) + sum_of(credit.any() for credit in credits)),
        ]
        with m.If(at.valid):
            m.d.sync += count.eq(counted)
        m.d.sync += [
            writer.count_en.eq(at.valid & at.last),
            writer.count_address.eq(at.credit),
            writer.count.eq(counted),
            self.through.eq(at.valid & at.last),
            self.at.eq(at),
        ]
