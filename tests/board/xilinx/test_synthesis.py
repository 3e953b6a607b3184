from dataclasses import replace

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal, signed
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from board.registry import get
from board.report import all_memories, estimated
from board.xilinx.memories import distributed_luts, ramb18
from board.xilinx.parts import XC7Z020
from rtl_gen import yosys
from rtl_gen.contract.protocol import MAILBOX_RX_DEPTH, MAILBOX_TX_DEPTH
from rtl_gen.emit import to_rtlil
from rtl_gen.estimate import mailbox_memories
from rtl_gen.fifo import StreamFifo
from rtl_gen.packet import packet_layout
from tests.folded_networks import dense, folded_spec
from tests.networks import block, network, network_spec

BLOCK = ((512, 40), (784, 10), (2048, 33))
DISTRIBUTED = ((13, 32), (52, 32), (64, 7))
BOTH_READ = ((300, 64, "block"), (100, 20, "distributed"))


class Sampler(wiring.Component):
    """Memories with a read and a write port, in both styles, some that are read at both; and a registered product."""

    def __init__(self):
        self.shapes = [*((*shape, "block") for shape in BLOCK), *((*shape, "distributed") for shape in DISTRIBUTED),
                       *BOTH_READ]
        super().__init__({"r": In(16), "w": In(16), "en": In(len(self.shapes)), "i": In(64),
                          **{f"o{n}": Out(width) for n, (_, width, _) in enumerate(self.shapes)},
                          **{f"second{n}": Out(width) for n, (_, width, _) in enumerate(self.shapes)},
                          "a": In(signed(16)), "b": In(signed(12)), "product": Out(signed(28))})

    def elaborate(self, platform):
        m = Module()
        for n, (depth, width, style) in enumerate(self.shapes):
            m.submodules[f"store{n}"] = store = memory.Memory(shape=width, depth=depth, init=[],
                                                              attrs={"ram_style": style})
            write, read = store.write_port(), store.read_port()
            m.d.comb += [read.addr.eq(self.r), write.addr.eq(self.w), write.data.eq(self.i),
                         write.en.eq(self.en[n]), getattr(self, f"o{n}").eq(read.data)]
            if (depth, width, style) in BOTH_READ:
                second = store.read_port()
                m.d.comb += [second.addr.eq(self.w), getattr(self, f"second{n}").eq(second.data)]
        m.d.sync += self.product.eq(self.a * self.b)
        return m


def measure(component):
    return XC7Z020.synthesise(to_rtlil(component, name="top"), top="top")


def test_cells_are_those_of_the_formulas():
    found = measure(Sampler())
    (deep, *_), (flat, *_) = ([shape for *shape, style in BOTH_READ if style == wanted]
                              for wanted in ("block", "distributed"))
    assert found.resources["ramb36"] * 2 == sum(ramb18(*shape) for shape in BLOCK) + ramb18(*deep, ports=2)
    assert found.resources["lut_as_memory"] == (
        sum(distributed_luts(*shape) for shape in DISTRIBUTED) + distributed_luts(*flat, ports=2))
    assert found.resources["dsp"] == 1
    assert found.resources["ff"] >= sum(width for _, width in DISTRIBUTED)         # the read ports' registers


class Counter(wiring.Component):
    """A counter whose clock comes out of a black box, through a buffer or not, and whose last bit goes to a pin."""

    def __init__(self, *, buffered):
        self.buffered = buffered
        super().__init__({"pin": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        clocks, count = Signal(4), Signal(16)
        m.submodules.box = Instance("PS7", o_FCLKCLK=clocks)
        if self.buffered:
            m.submodules.clock = Instance("BUFG", i_I=clocks[0], o_O=ClockSignal("sync"))
        else:
            m.d.comb += ClockSignal("sync").eq(clocks[0])
        m.submodules.pin = Instance("OBUFT", i_I=count[-1], i_T=0, o_O=self.pin)
        m.d.sync += count.eq(count + 1)
        return m


def test_a_clock_behind_a_buffer_is_timed():
    assert 500 < XC7Z020.logic_delay_ps(measure(Counter(buffered=True)), top="top") < 5000


def test_a_clock_that_is_nowhere_is_said():
    with pytest.raises(yosys.YosysError, match=r"^Yosys found no path in top from a register to a register; its clock "
                                               r"must come from a port or from a clock buffer$"):
        XC7Z020.logic_delay_ps(measure(Counter(buffered=False)), top="top")


@pytest.mark.slow
def test_delay_of_a_longer_chain_is_longer():
    class Chain(wiring.Component):
        def __init__(self, terms):
            self.terms = terms
            super().__init__({f"i{n}": In(16) for n in range(terms)} | {"o": Out(16)})

        def elaborate(self, platform):
            m = Module()
            total = 0
            for n in range(self.terms):
                held = getattr(self, f"i{n}")
                register = type(held).like(held, name=f"held{n}")
                m.d.sync += register.eq(held)
                total = (total ^ register) + register
            m.d.sync += self.o.eq(total)
            return m

    short, long = (XC7Z020.logic_delay_ps(measure(Chain(terms)), top="top") for terms in (2, 8))
    assert 500 < short < long < 20_000


class Queues(wiring.Component):
    """The queues of a mailbox, one behind the other."""

    def __init__(self):
        super().__init__({"i": In(stream.Signature(packet_layout())), "o": Out(stream.Signature(packet_layout()))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.tx = tx = StreamFifo(packet_layout(), depth=MAILBOX_TX_DEPTH)
        m.submodules.rx = rx = StreamFifo(packet_layout(), depth=MAILBOX_RX_DEPTH)
        wiring.connect(m, wiring.flipped(self.i), tx.i)
        wiring.connect(m, tx.o, rx.i)
        wiring.connect(m, rx.o, wiring.flipped(self.o))
        return m


def test_queues_of_a_mailbox_are_those_of_the_formulas():
    found, wanted = measure(Queues()).resources, estimated(mailbox_memories(), XC7Z020)
    assert found["ramb36"] == wanted["ramb36"] == 0.5
    assert found["lut_as_memory"] == wanted["lut_as_memory"] > 0


@pytest.mark.slow
def test_block_rams_of_a_board_are_those_of_the_formula():
    base, board = block(6, 4), get("pynq-z2")
    spec = network(replace(base, directives=replace(base.directives, memory="block"))).spec
    found = board.part.synthesise(board.design(spec).rtlil, top=board.top)
    assert found.resources["ramb36"] == estimated(all_memories(spec, board), board.part)["ramb36"] == 1.5
    assert 500 < board.part.logic_delay_ps(found, top=board.top) < 20_000


@pytest.mark.slow
@pytest.mark.parametrize("spec", [
    network_spec(inputs=64, sizes=(24,), lanes=6, classes=5, membrane_bits=14),
    folded_spec(dense(40, 18, recurrent=True), dense(18, 12), lanes=6, learning=True)], ids=["flat", "folded"])
def test_luts_are_nearly_those_of_the_fit(spec):
    """Of designs that it was not made from."""
    board = get("pynq-z2")
    found = board.part.synthesise(board.design(spec).rtlil, top=board.top).resources
    assert board.part.logic(spec).much == pytest.approx(found["lut"], rel=0.1)
    assert estimated(all_memories(spec, board), board.part)["ramb36"] == found["ramb36"]


def test_yosys_refuses_what_is_no_rtlil():
    with pytest.raises(yosys.YosysError, match="ERROR"):
        XC7Z020.synthesise("module \\nowhere\nend\n", top="top")
