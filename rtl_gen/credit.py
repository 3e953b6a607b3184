"""Credits of a part of a group's lanes, from the window's last step to its first."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import credit_max, feedback_max, index_bits, signed_bits
from .contract.block import BlockSpec
from .contract.engines.learning.reverse import Reverse
from .contract.plan import plan_of
from .neuron import kind_of

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
        "credits": data.ArrayLayout(signed(signed_bits(credit_max(block, 0))), reverse.scan_lanes),
    })


class CreditScan(wiring.Component):
    """Reverse scan ``credit[p] = gate[p] * feedback + decay(credit[p + 1])``, one position of a part per cycle.

    A group's lanes are scanned in parts, one after another. What is taken in comes out two cycles later: the product
    with the feedback has a cycle of its own, and so has the sum.

    Computes :func:`sim.reference.neurons.share.credits_of` bit for bit.

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
        The feedback of the whole group.
    forget : In(1)
        What was taken in and has not come out, now and before, does not.
    load : Out(load_layout)
        Credits found.
    alive : Out(n)
        Lanes of the group with a credit other than 0, in all parts that have come to an end.
    """

    LATENCY = 2

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        self.block = block
        (self.layer,), lanes = block.layers, block.directives.lanes
        reverse = Reverse(plan_of(block))
        self.scan_lanes, self.parts, self._lanes = reverse.scan_lanes, reverse.parts, lanes
        self.feedback_bits = signed_bits(feedback_max(block, 0))
        self.credit_bits = signed_bits(credit_max(block, 0))
        super().__init__({
            "en": In(1),
            "part": In(range(self.parts)),
            "position": In(range(block.window)),
            "first": In(1),
            "gates": In(gate_layout),
            "feedback": In(data.ArrayLayout(signed(self.feedback_bits), lanes)),
            "forget": In(1),
            "load": Out(load_layout(block)),
            "alive": Out(index_bits(lanes + 1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        in_loss, injected, first = Signal(), Signal(), Signal()
        part, position = Signal.like(self.part), Signal.like(self.position)
        found, first_found = Signal(), Signal()
        m.d.comb += [
            in_loss.eq(self.position >= self.block.window - self.block.loss_steps),
            self.load.valid.eq(found & ~self.forget),
        ]
        m.d.sync += [
            injected.eq(self.en & ~self.forget),
            first.eq(self.first),
            part.eq(self.part),
            position.eq(self.position),
            found.eq(injected & ~self.forget),
            first_found.eq(first),
            self.load.part.eq(part),
            self.load.position.eq(position),
            self.load.ends.eq(position == 0),
        ]
        living = []
        for lane in range(self.scan_lanes):
            credit = self._lane(m, lane, in_loss, injected, first)
            m.d.comb += self.load.credits[lane].eq(credit)
            # Whether any credit of the lane in this part was not 0 yet.
            before, now = Signal(name=f"lived{lane}"), Signal(name=f"lives{lane}")
            m.d.comb += now.eq((credit != 0) | (before & ~first_found))
            with m.If(self.load.valid):
                m.d.sync += before.eq(now)
            living.append(now)
        with m.If(self.load.valid & self.load.ends):
            m.d.sync += self.alive.eq(Mux(self.load.part == 0, 0, self.alive) + sum(living))
        return m

    def _lane(self, m: Module, lane: int, in_loss: Value, injected: Value, first: Value) -> Signal:
        """The credit of a lane in each part, two cycles behind its gates."""
        layer, places = self.layer, range(lane, self._lanes, self.scan_lanes)
        gates = Signal(self.gates[0].shape(), name=f"gates{lane}")
        feedback = Signal(signed(self.feedback_bits), name=f"feedback{lane}")
        with m.Switch(self.part):
            # The last part may have fewer lanes: what it lacks is 0.
            for number, place in enumerate(places):
                with m.Case(number):
                    m.d.comb += [gates.eq(self.gates[place]), feedback.eq(self.feedback[place])]
        inject = Signal(signed(signed_bits(feedback_max(self.block, 0) * layer.surrogate.height)), name=f"inject{lane}")
        spike = Signal(name=f"spike{lane}")
        # A gate has at most three bits: its product is a sum of shifted copies.
        product = sum(Mux(gates.gate[bit], feedback << bit, 0) for bit in range(layer.surrogate.gate_bits))
        m.d.sync += [inject.eq(Mux(in_loss, product, 0)), spike.eq(gates.spike)]

        credit = Signal(signed(self.credit_bits), name=f"credit{lane}")     # of the position behind, until it is taken
        carry = Signal(signed(self.credit_bits), name=f"carry{lane}")
        decayed = kind_of(layer.neuron).decayed(layer.neuron, credit)
        m.d.comb += carry.eq(Mux(first | (spike if layer.neuron.reset == "zero" else 0), 0, decayed))
        with m.If(injected):
            m.d.sync += credit.eq(inject + carry)
        return credit
