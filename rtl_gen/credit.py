"""Credits of a group of lanes, from the window's last step to its first."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import credit_max, feedback_max, signed_bits
from .contract.block import BlockSpec
from .neuron import kind_of

__all__ = ["CreditScan"]


class CreditScan(wiring.Component):
    """Reverse scan ``credit[p] = gate[p] * feedback + decay(credit[p + 1])``, one position per cycle.

    Computes :mod:`sim.reference.credit` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.
    gate_layout : ArrayLayout
        A group's gates and spikes in one step.

    Members
    -------
    clear : In(1)
        Set all credits to 0.
    en, position : In
        Take the step in at this position. Positions descend from the window's last.
    gates : In
        Gates and spikes of that step.
    feedback : In
        The lanes' feedback.
    credits, pairs : Out
        For each lane, the credit of each position; and the sums of positions 0 and 1, 2 and 3, …, one cycle later.
    active : Out(lanes)
        Lanes that hold a credit other than 0.
    """

    def __init__(self, block: BlockSpec, gate_layout: data.ArrayLayout) -> None:
        self.block = block
        (self.layer,), lanes = block.layers, block.directives.lanes
        self.feedback_bits = signed_bits(feedback_max(block, 0))
        self.credit_bits = signed_bits(credit_max(block, 0))
        super().__init__({
            "clear": In(1),
            "en": In(1),
            "position": In(range(block.window)),
            "gates": In(gate_layout),
            "feedback": In(data.ArrayLayout(signed(self.feedback_bits), lanes)),
            "credits": Out(data.ArrayLayout(data.ArrayLayout(signed(self.credit_bits), block.window), lanes)),
            "pairs": Out(data.ArrayLayout(data.ArrayLayout(signed(self.credit_bits + 1), block.window // 2), lanes)),
            "active": Out(lanes),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        block, layer = self.block, self.layer
        in_loss = Signal()
        m.d.comb += in_loss.eq(self.position >= block.window - block.loss_steps)
        pairs_end = [Signal(name=f"pair{number}_ends") for number in range(block.window // 2)]
        m.d.sync += [ends.eq(self.en & (self.position == 2 * number)) for number, ends in enumerate(pairs_end)]
        for lane in range(block.directives.lanes):
            before = Signal(signed(self.credit_bits), name=f"before{lane}")     # credit of the position behind
            carry = Signal(signed(self.credit_bits), name=f"carry{lane}")
            behind = Signal(signed(self.credit_bits), name=f"behind{lane}")     # and of the one behind that
            inject = Signal(signed(self.credit_bits), name=f"inject{lane}")
            credit = Signal(signed(self.credit_bits), name=f"credit{lane}")
            feedback, gates = self.feedback[lane], self.gates[lane]
            # A gate has at most three bits: its product is a sum of shifted copies.
            product = sum(Mux(gates.gate[bit], feedback << bit, 0) for bit in range(layer.surrogate.gate_bits))
            decayed = kind_of(layer.neuron).decayed(layer.neuron, before)
            m.d.comb += [
                inject.eq(Mux(in_loss, product, 0)),
                carry.eq(Mux(gates.spike, 0, decayed) if layer.neuron.reset == "zero" else decayed),
                credit.eq(inject + carry),
            ]
            with m.If(self.clear):
                m.d.sync += [before.eq(0), behind.eq(0), self.active[lane].eq(0),
                             Value.cast(self.credits[lane]).eq(0)]
            with m.Elif(self.en):
                m.d.sync += [
                    before.eq(credit),
                    behind.eq(before),
                    self.active[lane].eq(self.active[lane] | (credit != 0)),
                ]
                for position in range(block.window):
                    with m.If(self.position == position):
                        m.d.sync += self.credits[lane][position].eq(credit)
            # Made here, once for a whole walk and by one adder for all pairs.
            both = Signal(signed(self.credit_bits + 1), name=f"both{lane}")
            m.d.comb += both.eq(before + behind)
            for number, ends in enumerate(pairs_end):
                with m.If(self.clear):
                    m.d.sync += self.pairs[lane][number].eq(0)
                with m.Elif(ends):
                    m.d.sync += self.pairs[lane][number].eq(both)
        return m
