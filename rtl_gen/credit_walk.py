"""Walk over the groups of a window that finds their credits, ahead of the walk over their rows."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.block import BlockSpec
from .contract.engines.readout import Readout
from .contract.plan import plan_of
from .credit import CreditScan, load_layout
from .ports import FeedbackReader, GateReader

__all__ = ["CreditWalk"]


class CreditWalk(wiring.Component):
    """Finds the credits of one group after another, until one has any or is the window's last.

    That group is ``ready`` until it is ``taken``; then the search goes on. A position of a part is read a cycle, group
    behind group without a pause; a group is ready five cycles after its last was read.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.
    gate_layout : ArrayLayout
        A group's gates and spikes in one step.

    Members
    -------
    restart : In(1)
        Nothing is looked for; the next group is the first.
    en : In(1)
        Groups are looked through, each as soon as it has feedback.
    last_only : In(1)
        Nothing is to be learned: the last group is ready, without credit.
    steps : In
        Steps of the window.
    feedback_groups, feedback_parts : In, In
        Groups of this window that have feedback; and parts of the next that have, where groups have several.
    gate_reader, feedback_reader : Out(GateReader), Out(FeedbackReader)
        Where gates and feedback are read.
    load : Out(load_layout)
        Credits found.
    ready, taken : Out(1), In(1)
        A group was found; it is walked from the next cycle on.
    alive, last, base : Out
        Lanes with a credit in that group, whether it is the last, and the address of its first weight word.
    """

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        self.block = block
        (plan,) = plan_of(block).layers
        self._rows, self._groups = plan.layer.rows, plan.words
        self._scan, self._readout = CreditScan(block, gate_layout), Readout(plan_of(block))
        self._last_lanes = plan.last_lanes
        self.feedback_bits = self._scan.feedback_bits
        super().__init__({
            "restart": In(1),
            "en": In(1),
            "last_only": In(1),
            "steps": In(range(block.window + 1)),
            "feedback_groups": In(range(self._groups + 1)),
            **({"feedback_parts": In(range(parts))} if (parts := self._readout.feedback_parts) > 1 else {}),
            "gate_reader": Out(GateReader(block, gate_layout)),
            "feedback_reader": Out(FeedbackReader(block, self.feedback_bits)),
            "load": Out(load_layout(block)),
            "ready": Out(1),
            "taken": In(1),
            "alive": Out(self._scan.alive.shape()),
            "last": Out(1),
            "base": Out(index_bits(self._rows * self._groups)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.scan = scan = self._scan
        ended, found, held = Signal(), Signal(), Signal()
        group = Signal(range(self._groups))             # whose scan ends next
        m.d.comb += [
            self.last.eq(group == self._groups - 1),
            found.eq(ended & ((self.alive != 0) | self.last)),
            self.ready.eq(found | held),
            self.load.eq(scan.load),
            # What was read too soon is read again.
            scan.forget.eq(self.ready | self.restart),
            self.alive.eq(Mux(self.en, scan.alive, 0)),
        ]
        m.d.sync += [
            ended.eq(scan.load.valid & scan.load.ends & (scan.load.part == scan.parts - 1)),
            held.eq(self.ready & ~self.taken),
        ]
        with m.If(self.taken | (ended & ~found)):
            m.d.sync += [group.eq(group + 1), self.base.eq(self.base + self._rows)]
        with m.If(self.last_only):
            m.d.sync += [group.eq(self._groups - 1), held.eq(1)]
        with m.If(self.restart):
            m.d.sync += [group.eq(0), self.base.eq(0), held.eq(0)]
        self._read(m, group)
        return m

    def _read(self, m: Module, ending: Signal) -> None:
        """Gates and feedback, part by part and from the last position to the first."""
        scan, last_step = self._scan, self.steps - 1
        group = Signal(range(self._groups + 1))
        part, position = Signal.like(scan.part), Signal.like(scan.position)
        reads, begins = Signal(), Signal(init=1)        # at the first position of a part
        now = Signal.like(position)
        m.d.comb += [
            reads.eq(self.en & self._fed(group, part) & ~self.ready),
            now.eq(Mux(begins, last_step, position)),
            self.gate_reader.group.eq(group),
            self.gate_reader.position.eq(now),
            self.feedback_reader.group.eq(group),
            scan.gates.eq(self.gate_reader.gates),
            scan.feedback.eq(Mux(self._is_padding(m, group, part), 0, Value.cast(self.feedback_reader.feedback))),
        ]
        if self._readout.feedback_parts > 1:
            m.d.comb += self.feedback_reader.part.eq(part)
        if self._readout.by_position:
            m.d.comb += [self.feedback_reader.position.eq(now), scan.read.eq(self.feedback_reader.read)]
        m.d.sync += [
            scan.en.eq(reads),
            scan.part.eq(part),
            scan.position.eq(now),
            scan.first.eq(begins),
        ]
        with m.If(reads):
            m.d.sync += [position.eq(now - 1), begins.eq(now == 0)]
            with m.If(now == 0):
                m.d.sync += part.eq(part + 1)
                with m.If(part == scan.parts - 1):
                    m.d.sync += [part.eq(0), group.eq(group + 1)]
        with m.If(scan.forget):
            m.d.sync += [part.eq(0), begins.eq(1), group.eq(ending + 1)]
        with m.If(self.restart):
            m.d.sync += group.eq(0)

    def _fed(self, group: Signal, part: Signal) -> Value:
        """Whether this part has feedback."""
        there = group < self.feedback_groups
        if self._readout.feedback_parts == 1:
            return there
        return there | ((group == self.feedback_groups) & (part < self.feedback_parts))

    def _is_padding(self, m: Module, group: Signal, part: Signal) -> Value:
        """Whether the part that was read in the cycle before has no neurons, so that no feedback was kept of it."""
        parts = -(-self._last_lanes // self._readout.feedback_lanes)
        if parts == self._readout.feedback_parts:
            return Const(0)
        padding = Signal()
        m.d.sync += padding.eq((group == self._groups - 1) & (part >= parts))
        return padding
