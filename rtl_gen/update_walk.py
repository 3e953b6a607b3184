"""Walk of the update engine: which groups have credits, and which rows of theirs are updated next."""

from amaranth.hdl import *
from amaranth.lib import data, wiring

from .addresses import WeightAddress
from .credit import CreditScan

__all__ = ["UpdateWalk"]


class UpdateWalk:
    """Sequence of an update engine's windows, groups and rows.

    It knows addresses and no arithmetic, and adds its statements to the engine's own module.

    Parameters
    ----------
    engine : Component
        The update engine, whose ports are driven.
    scan : CreditScan
        Finds a group's credits.
    addresses : WeightAddress
        Is taken from group to group.

    Attributes
    ----------
    issued : Signal(StructLayout)
        The entry of this cycle, a row or the bias; ``clears`` says that the row's mask is forgotten.
    steps : Signal
        Steps of the window.
    pipeline_empty : Signal
        No row is on its way; to be driven by the engine.
    """

    def __init__(self, engine: wiring.Component, scan: CreditScan, addresses: WeightAddress) -> None:
        self._engine, self._scan, self._walk = engine, scan, addresses
        window = engine.block.window
        self.steps, self.uses_number = Signal(range(window + 1)), Signal(name="uses_number")
        self.group, self.entry = Signal(range(engine.groups)), Signal(range(engine.layer.rows + 1), name="entry")
        self.fetching = Signal(range(window + 1))       # positions still to be read
        self.fetched, self.group_last = Signal(), Signal(name="group_last")
        self.issued = Signal(data.StructLayout({"valid": 1, "bias": 1, "clears": 1}))
        self.pipeline_empty = Signal()

    def add_control(self, m: Module) -> None:
        """Add the sequence of groups: read the gates backwards, then walk the rows."""
        engine, layer, scan, issued = self._engine, self._engine.layer, self._scan, self.issued
        group, entry, group_last, fetching = self.group, self.entry, self.group_last, self.fetching
        fetched_position = Signal(range(engine.block.window))
        m.d.comb += [
            group_last.eq(group == engine.groups - 1),
            engine.gate_reader.group.eq(group),
            engine.feedback_reader.group.eq(group),
            engine.gate_reader.position.eq(fetching - 1),
            scan.gates.eq(engine.gate_reader.gates),
            scan.feedback.eq(engine.feedback_reader.feedback),
            scan.position.eq(fetched_position),
            scan.en.eq(self.fetched),
            issued.bias.eq((entry == 0) if layer.weights.bias else 0),
            issued.clears.eq(group_last),
            engine.reader.list_position.eq(entry - layer.weights.bias),
        ]
        m.d.sync += [self.fetched.eq(0), fetched_position.eq(engine.gate_reader.position)]

        with m.FSM() as fsm:
            self._wait_states(m)
            self._credit_states(m)
            self._walk_states(m)
        m.d.comb += [
            engine.idle.eq(fsm.ongoing("IDLE") & ~engine.window_end.valid),
            engine.active.eq(~fsm.ongoing("IDLE") & ~fsm.ongoing("WAIT")),
        ]

    def _wait_states(self, m: Module) -> None:
        """A window's end comes, then the readout's word on it."""
        engine, walk, group, uses_number = self._engine, self._walk, self.group, self.uses_number
        with m.State("IDLE"):
            m.d.comb += [engine.window_end.ready.eq(1), self._scan.clear.eq(1), walk.restart.eq(1)]
            m.d.sync += [self.steps.eq(engine.window_end.p.steps), group.eq(0), uses_number.eq(0)]
            with m.If(engine.window_end.valid):
                with m.If(engine.window_end.p.discard):
                    m.next = "LAST"
                with m.Else():
                    m.next = "WAIT"
        with m.State("WAIT"):
            with m.If(engine.skip):
                m.d.sync += uses_number.eq(1)
                m.next = "LAST"
            with m.Elif(engine.learn):
                m.d.sync += uses_number.eq(1)
                m.next = "CLEAR"
        with m.State("LAST"):
            # Nothing to learn: walk the last group, with credits of 0, only to forget the masks.
            m.d.sync += group.eq(engine.groups - 1)
            m.next = "WALK"

    def _credit_states(self, m: Module) -> None:
        """The group's gates are read backwards, for its credits; without any, the next group's."""
        scan, fetching, group = self._scan, self.fetching, self.group
        with m.State("CLEAR"):
            with m.If(self.pipeline_empty & (self._engine.feedback_groups > group)):
                m.d.comb += scan.clear.eq(1)
                m.d.sync += fetching.eq(self.steps)
                m.next = "FETCH"
        with m.State("FETCH"):
            m.d.sync += [self.fetched.eq(1), fetching.eq(fetching - 1)]
            with m.If(fetching == 1):
                m.next = "SCAN"
        with m.State("SCAN"):
            m.next = "CHECK"
        with m.State("CHECK"):
            with m.If(scan.active.any() | self.group_last):
                m.next = "WALK"
            with m.Else():
                m.d.comb += self._walk.advance.eq(1)
                m.d.sync += group.eq(group + 1)
                m.next = "CLEAR"

    def _walk_states(self, m: Module) -> None:
        """The window's active rows, one a cycle; behind the last group's the window is done."""
        engine, walk, group, entry = self._engine, self._walk, self.group, self.entry
        with m.State("WALK"):
            with m.If(entry == engine.reader.rows + engine.layer.weights.bias):
                with m.If(self.group_last):
                    m.next = "DRAIN"
                with m.Elif(self.pipeline_empty):
                    m.d.comb += walk.advance.eq(1)
                    m.d.sync += [group.eq(group + 1), entry.eq(0)]
                    m.next = "CLEAR"
            with m.Else():
                m.d.comb += self.issued.valid.eq(1)
                m.d.sync += entry.eq(entry + 1)
        with m.State("DRAIN"):
            m.d.sync += entry.eq(0)
            with m.If(self.pipeline_empty):
                m.d.comb += [engine.reader.forget.eq(1), engine.window_done.eq(1), engine.learned.eq(self.uses_number)]
                m.next = "IDLE"
