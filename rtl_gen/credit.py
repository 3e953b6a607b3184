"""Credits of a part of a group's lanes, from the window's last step to its first."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .addends import sum_of
from .contract.arithmetic import credit_max, feedback_max, index_bits, lasting_credit_max, row_feedback_max, signed_bits
from .contract.block import BlockSpec
from .contract.engines.learning.reverse import Reverse
from .contract.engines.readout import Readout
from .contract.plan import plan_of
from .neuron import kind_of
from .neurons import lif_shifts
from .neurons.lif import decayed_by

__all__ = ["CreditScan", "load_layout"]


def load_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what a scan finds in a cycle: the ``credits`` of the lanes of a ``part`` at a ``position``.

    ``ends`` marks the part's last, position 0.
    """
    reverse = Reverse(plan_of(block))
    return data.StructLayout({
        "valid": 1,
        "ends": 1,
        "part": range(reverse.parts),
        "position": range(block.window),
        "credits": data.ArrayLayout(signed(signed_bits(lasting_credit_max(block, 0))), reverse.scan_lanes),
    })


class CreditScan(wiring.Component):
    """Reverse scan ``credit[p] = gate[p] * feedback + decay(credit[p + 1])``, one position of a part per cycle.

    A group's lanes are scanned in parts, one after another. What is taken in comes out ``latency`` cycles later: the
    choice of the part has a cycle of its own, in which a readout that leaks adds what later levels hand back, by its
    leak; so have the product with the feedback, and the sum. Where currents linger a fourth is for
    ``lasting[p] = credit[p] + decay(lasting[p + 1])``, by their own leak, and these are the credits that come out.

    Computes :func:`sim.reference.backward.current_credits` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.
    gate_layout : ArrayLayout
        A group's gates and spikes in one step.

    Members
    -------
    en, part, position, first : In
        Take in a step of this part, at this position. Positions of a part descend to 0 from the window's last, which is
        the ``first``.
    gates : In
        Gates and spikes of that step, of the whole group.
    feedback : In
        The feedback of the part; where the largest level is read, that of the whole group at this position.
    read : In(1)
        Whether there is any at this position. Only where the largest level is read.
    forget : In(1)
        What was taken in and has not come out, now and before, does not.
    load : Out(load_layout)
        Credits found.
    alive : Out(n)
        Lanes of the group with a credit other than 0, in all parts that have come to an end.
    """

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        self.block = block
        (self.layer,), lanes = block.layers, block.directives.lanes
        reverse = Reverse(plan_of(block))
        self.latency = reverse.scan_latency
        self.scan_lanes, self.parts, self._lanes = reverse.scan_lanes, reverse.parts, lanes
        self.feedback_bits = signed_bits(row_feedback_max(block.readout))
        readout = Readout(plan_of(block))
        self._by_position, self._chosen = readout.by_position, readout.feedback_parts != self.parts
        self._membrane_bits = signed_bits(credit_max(block, 0))
        self._credit_bits = signed_bits(lasting_credit_max(block, 0))
        super().__init__({
            "en": In(1),
            "part": In(range(self.parts)),
            "position": In(range(block.window)),
            "first": In(1),
            "gates": In(gate_layout),
            "feedback": In(data.ArrayLayout(signed(self.feedback_bits), readout.feedback_lanes)),
            **({"read": In(1)} if self._by_position else {}),
            "forget": In(1),
            "load": Out(load_layout(block)),
            "alive": Out(index_bits(lanes + 1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        read = Signal()                                 # the step, or its level, by a logit
        loss_begins = self.block.window - self.block.loss_steps
        # What is inside, a stage each: whether it is, whether it is its part's first, its part and position.
        valid, first, part, position = [self.en], [self.first], [self.part], [self.position]
        for stage in range(1, self.latency + 1):
            for values, name in ((valid, "valid"), (first, "first"), (part, "part"), (position, "position")):
                later = Signal.like(values[-1], name=f"{name}{stage}")
                m.d.sync += later.eq(values[-1] & ~self.forget if values is valid else values[-1])
                values.append(later)
        m.d.comb += [
            read.eq(self.read if self._by_position else
                    self.first if self.block.readout.reading == "last" else self.position >= loss_begins),
            self.load.valid.eq(valid[-1] & ~self.forget),
            self.load.part.eq(part[-1]),
            self.load.position.eq(position[-1]),
        ]
        m.d.sync += self.load.ends.eq(position[-2] == 0)
        living = []
        for lane in range(self.scan_lanes):
            credit = self._lane(m, lane, read, valid[2], first[2])
            if self.layer.current is not None:
                credit = self._lasting(m, lane, credit, valid[3], first[3])
            m.d.comb += self.load.credits[lane].eq(credit)
            # Whether any credit of the lane in this part was not 0 yet.
            before, now = Signal(name=f"lived{lane}"), Signal(name=f"lives{lane}")
            m.d.comb += now.eq((credit != 0) | (before & ~first[-1]))
            with m.If(self.load.valid):
                m.d.sync += before.eq(now)
            living.append(now)
        with m.If(self.load.valid & self.load.ends):
            m.d.sync += self.alive.eq(Mux(self.load.part == 0, 0, self.alive) + sum_of(living))
        return m

    def _lane(self, m: Module, lane: int, read: Value, injected: Value, first: Value) -> Signal:
        """The credit of a membrane in each part, three cycles behind its gates."""
        layer, places = self.layer, range(lane, self._lanes, self.scan_lanes)
        gates = Signal(self.gates[0].shape(), name=f"gates{lane}")
        feedback = Signal(signed(self.feedback_bits), name=f"feedback{lane}")
        with m.Switch(self.part):
            # The last part may have fewer lanes: what it lacks is 0.
            for number, place in enumerate(places):
                with m.Case(number):
                    m.d.comb += gates.eq(self.gates[place])
                    if self._chosen:
                        m.d.comb += feedback.eq(self.feedback[place])
        if not self._chosen:
            m.d.comb += feedback.eq(self.feedback[lane])
        held, told = Signal.like(gates, name=f"held_gates{lane}"), self._told(m, lane, Mux(read, feedback, 0))
        inject = Signal(signed(signed_bits(feedback_max(self.block, 0) * layer.surrogate.height)), name=f"inject{lane}")
        spike = Signal(name=f"spike{lane}")
        # A gate has at most three bits: its product is a sum of shifted copies.
        product = sum(Mux(held.gate[bit], told << bit, 0) for bit in range(layer.surrogate.gate_bits))
        m.d.sync += [held.eq(gates), inject.eq(product), spike.eq(held.spike)]

        credit = Signal(signed(self._membrane_bits), name=f"credit{lane}")  # of the position behind, until it is taken
        carry = Signal(signed(self._membrane_bits), name=f"carry{lane}")
        decayed = kind_of(layer.neuron).decayed(layer.neuron, credit)
        m.d.comb += carry.eq(Mux(first | (spike if layer.neuron.reset == "zero" else 0), 0, decayed))
        with m.If(injected):
            m.d.sync += credit.eq(inject + carry)
        return credit

    def _told(self, m: Module, lane: int, read: Value) -> Signal:
        """What levels of this step, or of this and later ones, tell a neuron of it; a cycle later."""
        told = Signal(signed(signed_bits(feedback_max(self.block, 0))), name=f"told{lane}")
        if self.block.readout.leak_shift is None:
            m.d.sync += told.eq(read)
            return told
        carry = Mux(self.first, 0, decayed_by(self.block.readout.leak_shift, told))
        with m.If(self.en):
            m.d.sync += told.eq(read + carry)
        return told

    def _lasting(self, m: Module, lane: int, credit: Signal, found: Value, first: Value) -> Signal:
        """The credit of a current that lingers, a cycle behind that of its membrane."""
        lasting = Signal(signed(self._credit_bits), name=f"lasting{lane}")
        with m.If(found):
            m.d.sync += lasting.eq(credit + Mux(first, 0, lif_shifts.decayed(self.layer.current, lasting)))
        return lasting
