"""What is found about a beat before it is in a register."""

import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.sim import Simulator

from rtl_gen.beat import beat_layout, looked_at
from rtl_gen.contract.protocol import KIND_SHIFT, Beat
from rtl_gen.packet import packet_layout
from tests.networks import network_spec

SPEC = network_spec(inputs=9, sizes=(6,), lanes=1, window=4, max_steps=6, learned=False)
LAST_INPUT, LAST_CLASS = SPEC.inputs - 1, SPEC.classes - 1
# A beat's low bits, and whether there is no such input, no such class.
FOUND = {0: (0, 0), LAST_CLASS: (0, 0), LAST_CLASS + 1: (0, 1), LAST_INPUT: (0, 1), LAST_INPUT + 1: (1, 1),
         1 << 16: (1, 0), (1 << 24) - 1: (1, 1), 1 << 24: (0, 0)}


@pytest.mark.parametrize("kind", Beat)
def test_numbers_of_no_input_and_of_no_class_are_found(kind):
    m, packet, beat = Module(), Signal(packet_layout()), Signal(beat_layout())
    m.d.comb += beat.as_value().eq(Cat(looked_at(SPEC, packet)))
    seen = {}

    async def look(context):
        for low in FOUND:
            context.set(packet, {"data": kind << KIND_SHIFT | low, "last": low & 1})
            await context.delay(1e-9)
            assert context.get(beat.packet.data) == kind << KIND_SHIFT | low
            assert context.get(beat.packet.last) == low & 1
            seen[low] = context.get(beat.no_input), context.get(beat.no_class)

    simulator = Simulator(m)
    simulator.add_testbench(look)
    simulator.run()
    assert seen == FOUND
