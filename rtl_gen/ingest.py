"""Ingest: beats of the input stream into tokens of the first block."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .beat import beat_layout
from .contract.protocol import (
    CORE_COUNTERS,
    INDEX_BITS,
    KIND_SHIFT,
    LABEL_BITS,
    LABELLED_BIT,
    LEARN_BIT,
    STEP_LABELS_BIT,
    TELL_BIT,
    WATCHDOG_BITS,
    Beat,
    Error,
)
from .contract.spec import NetworkSpec
from .loader import Loader, WritePort
from .token import TokenKind, start_value, step_value, token_layout

__all__ = ["INGEST_COUNTERS", "Ingest"]

# All core counters but those of the clock and of the bus.
INGEST_COUNTERS = tuple(name for name in CORE_COUNTERS if name not in ("cycles", "bus_errors"))


class Ingest(wiring.Component):
    """Input side of a core: drops what does not fit, aborts and refuses samples, halts, hands over write packets.

    Computes :mod:`sim.reference.ingest`. A beat a cycle is taken while the blocks take tokens.

    Parameters
    ----------
    spec : NetworkSpec
        The network.

    Members
    -------
    i : In(stream of beats)
        The input stream, looked at (:mod:`rtl_gen.beat`).
    o : Out(stream of tokens)
        To the first block.
    drained : In(1)
        Nothing is inside any block, nor on its way out.
    halt, resume : In(1)
        Halt after every end of step; leave the halt that has taken hold.
    watchdog : In(32)
        A packet that has begun ends once no beat came for so many cycles; never where it is 0.
    hold : In(1)
        Open no sample: somebody waits for the memories.
    hold_start, between : In(1), Out(1)
        Open no sample either: rates are to change; held so between samples, and all is drained.
    quiet : Out(1)
        Nothing is opened or written while ``hold`` stays: once ``drained``, the memories can be read.
    open : Out(1)
        A sample is open.
    idle : Out(1)
        No sample is open, nothing waits at the input, and all is drained.
    halted : Out(1)
        Halted, and all is drained.
    counted : Out(a bit for each of :data:`INGEST_COUNTERS`)
        What happened in this cycle.
    flags : Out(Error)
        Errors of this cycle.
    write : Out(WritePort)
        Words for the memories.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        super().__init__({
            "i": In(stream.Signature(beat_layout())),
            "o": Out(stream.Signature(token_layout(spec.inputs, spec.blocks[0].readout.classes))),
            "drained": In(1),
            "halt": In(1),
            "resume": In(1),
            "watchdog": In(WATCHDOG_BITS),
            "hold": In(1),
            "hold_start": In(1),
            "between": Out(1),
            "quiet": Out(1),
            "open": Out(1),
            "idle": Out(1),
            "halted": Out(1),
            "counted": Out(data.StructLayout(dict.fromkeys(INGEST_COUNTERS, 1))),
            "flags": Out(len(Error)),
            "write": Out(WritePort(spec)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.loader = loader = Loader(self.spec)
        beat = self.i.p.packet

        # A start that is already offered stays offered, as a stream must; the hold takes effect after it.
        offered = Signal()
        held = Signal()         # no beat is looked at
        routed = Signal()       # the beat is the loader's
        seen = Signal()         # the beat is ours, in this cycle
        taken = Signal()        # ... and leaves the input
        expired = Signal()      # no beat came for as long as the watchdog waits, and none comes now

        m.d.sync += offered.eq(self.o.valid & ~self.o.ready)
        m.d.comb += [
            routed.eq(loader.active | (beat.data[KIND_SHIFT:] == Beat.WRITE)),
            seen.eq(self.i.valid & ~held & ~routed),
            self.i.ready.eq(~held & Mux(routed, loader.i.ready, taken)),
            loader.i.payload.eq(beat),
            loader.i.valid.eq(self.i.valid & ~held & routed),
            loader.drained.eq(self.drained),
            loader.end.eq(expired),
        ]
        wiring.connect(m, wiring.flipped(self.write), loader.write)
        with m.If(loader.refused):
            self._report(m, Error.WRITE, "writes_refused")

        with m.If(expired):
            self._report(m, Error.TIMEOUT, "timeouts")

        self._step = Signal(range(self.spec.max_steps))
        self._takes_labels = Signal()                   # of steps: the sample is learned from, and has no label itself
        with m.FSM(name="sample") as fsm:
            with m.State("OUTSIDE"):
                m.d.comb += held.eq((self.hold | self.hold_start) & ~offered & ~loader.active)
                with m.If(seen):
                    self._outside(m, taken)
            with m.State("OPEN"):
                with m.If(seen):
                    self._inside(m, taken)
                with m.Elif(expired):
                    m.next = "LEFT"
            with m.State("LEFT"):
                # Blocks may be busy, and a beat that comes meanwhile is looked at once the sample has ended.
                m.d.comb += held.eq(1)
                with m.If(self._emit(m, TokenKind.ABORT)):
                    self._abort(m)
            with m.State("REFUSED"):
                with m.If(seen & (beat.data[KIND_SHIFT:] == Beat.START)):
                    m.next = "OUTSIDE"
                with m.Elif(seen):
                    m.d.comb += taken.eq(1)
                    with m.If(beat.last):
                        m.next = "OUTSIDE"
                with m.Elif(expired):
                    m.next = "OUTSIDE"
            with m.State("PAUSED"):
                self._paused(m)
                m.d.comb += held.eq(1)

        outside = fsm.ongoing("OUTSIDE")
        self._watch(m, expired, fsm.ongoing("OPEN") | fsm.ongoing("REFUSED") | loader.active)
        m.d.comb += [
            loader.refuse.eq(~outside),
            self.between.eq(outside & held & self.drained),
            self.quiet.eq((outside & held & ~self.write.en) | fsm.ongoing("PAUSED")),
            self.idle.eq(outside & ~self.i.valid & ~loader.active & ~self.write.en & self.drained),
            self.halted.eq(fsm.ongoing("PAUSED") & self.drained),
        ]
        return m

    def _watch(self, m: Module, expired: Signal, begun: Value) -> None:
        """Count the cycles in which a packet has begun and no beat is there."""
        waited, waits = Signal(WATCHDOG_BITS), Signal()
        longer = waited + 1
        m.d.comb += [waits.eq(begun & ~self.i.valid),
                     expired.eq(waits & (self.watchdog != 0) & (longer >= self.watchdog))]
        m.d.sync += waited.eq(Mux(waits, longer, 0))

    def _report(self, m: Module, flag: Error, *names: str) -> None:
        m.d.comb += self.flags[flag.bit_length() - 1].eq(1)
        self._count(m, *names)

    def _count(self, m: Module, *names: str) -> None:
        m.d.comb += [self.counted[name].eq(1) for name in names]

    def _emit(self, m: Module, kind: TokenKind, *, value: ValueLike = 0, last: ValueLike = 0) -> Value:
        """Offer a token; true where it is taken."""
        m.d.comb += [self.o.valid.eq(1), self.o.p.kind.eq(kind), self.o.p.value.eq(value), self.o.p.last.eq(last)]
        return self.o.ready

    def _outside(self, m: Module, taken: Signal) -> None:
        beat = self.i.p.packet
        label, learn = beat.data[:LABEL_BITS], beat.data[LEARN_BIT]
        of_steps, tells = beat.data[STEP_LABELS_BIT], beat.data[TELL_BIT]
        classes = self.spec.blocks[0].readout.classes
        with m.If(beat.data[KIND_SHIFT:] != Beat.START):
            m.d.comb += taken.eq(1)
            self._report(m, Error.BEAT, "beats_dropped")
        with m.Elif(learn & ~of_steps & self.i.p.no_class):
            m.d.comb += taken.eq(1)
            self._report(m, Error.LABEL, "labels_out_of_range", "samples_refused")
            with m.If(~beat.last):
                m.next = "REFUSED"
        with m.Elif(beat.last):
            m.d.comb += taken.eq(1)
            self._report(m, Error.EARLY_TLAST, "tlasts_early", "samples_aborted")
        with m.Else():
            m.d.comb += taken.eq(self._emit(m, TokenKind.START, value=start_value(
                label, learn, of_steps, tells, classes)))
            with m.If(taken):
                m.d.sync += [self.open.eq(1), self._takes_labels.eq(learn & of_steps)]
                m.next = "OPEN"

    def _inside(self, m: Module, taken: Signal) -> None:
        beat = self.i.p.packet
        index, step = beat.data[:INDEX_BITS], self._step
        label, classes = beat.data[:LABEL_BITS], self.spec.blocks[0].readout.classes
        labelled = self._takes_labels & beat.data[LABELLED_BIT]

        def abort(flag: Error, counter: str) -> None:
            self._report(m, flag, counter)
            self._abort(m)

        with m.Switch(beat.data[KIND_SHIFT:]):
            with m.Case(Beat.START), m.If(self._emit(m, TokenKind.ABORT)):
                abort(Error.MISSING_TLAST, "tlasts_missing")        # the start is looked at again, outside
            with m.Case(Beat.EVENT):
                with m.If(beat.last):
                    m.d.comb += taken.eq(self._emit(m, TokenKind.ABORT))
                    with m.If(taken):
                        abort(Error.EARLY_TLAST, "tlasts_early")
                with m.Elif(self.i.p.no_input):
                    m.d.comb += taken.eq(1)
                    self._report(m, Error.INDEX, "indices_out_of_range")
                with m.Else():
                    m.d.comb += taken.eq(self._emit(m, TokenKind.EVENT, value=index))
            with m.Case(Beat.END_OF_STEP):
                with m.If(labelled & self.i.p.no_class):
                    m.d.comb += taken.eq(self._emit(m, TokenKind.ABORT))
                    with m.If(taken):
                        abort(Error.LABEL, "labels_out_of_range")
                        with m.If(~beat.last):
                            m.next = "REFUSED"          # what is left of it
                with m.Elif(~beat.last & (step == self.spec.max_steps - 1)):
                    m.d.comb += taken.eq(self._emit(m, TokenKind.ABORT))
                    with m.If(taken):
                        abort(Error.MISSING_TLAST, "tlasts_missing")
                with m.Else():
                    m.d.comb += taken.eq(self._emit(m, TokenKind.STEP, last=beat.last,
                                                     value=step_value(label, labelled, classes)))
                    with m.If(taken):
                        m.d.comb += self.counted.samples.eq(beat.last)
                        m.d.sync += [self.open.eq(~beat.last), step.eq(Mux(beat.last, 0, step + 1))]
                        with m.If(self.halt):
                            m.next = "PAUSED"
                        with m.Elif(beat.last):
                            m.next = "OUTSIDE"

    def _abort(self, m: Module) -> None:
        self._count(m, "samples_aborted")
        m.d.sync += [self.open.eq(0), self._step.eq(0)]
        m.next = "OUTSIDE"

    def _paused(self, m: Module) -> None:
        released = Signal()
        with m.If((released | ~self.halt) & ~self.hold):
            m.d.sync += released.eq(0)
            m.next = "OUTSIDE"
            with m.If(self.open):
                m.next = "OPEN"
        with m.Elif(self.resume & self.halted):
            m.d.sync += released.eq(1)
