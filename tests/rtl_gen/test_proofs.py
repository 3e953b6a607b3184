"""What lies between the engines and the world is proved, not only tried; and each proof fails on what is wrong."""

import importlib

import pytest

from sim.proofs.axi3_bridge import ID_BITS, INSIDE_BITS, WINDOW_BITS, Bridge
from sim.proofs.axi_lite import Slave
from sim.proofs.queue import Queue
from sim.prove import BrokenError, missing, prove
from tests.skips import skip_or_fail

from .mutation import copied, folder

__all__ = ["folder"]

OKAY, SLVERR = 0, 2         # as AXI has them

PROOFS = {
    "slice": lambda package: Queue(package("slice").Slice(1), depth=2, latency=0),
    "fifo of 2": lambda package: Queue(package("fifo").StreamFifo(1, 2), depth=2, latency=2),
    "fifo of 5": lambda package: Queue(package("fifo").StreamFifo(1, 5), depth=5, latency=2),
    "fifo of 9": lambda package: Queue(package("fifo").StreamFifo(1, 9), depth=9, latency=2),
    "slave": lambda package: Slave(package("axi_lite").AxiLiteSlave(), okay=OKAY, refused=SLVERR),
    "bridge": lambda package: Bridge(package("axi3_bridge").Axi3Bridge(
        id_bits=ID_BITS, address_bits=INSIDE_BITS, window_bits=WINDOW_BITS)),
}
SLOW = ("fifo of 9", "bridge")

# Which proof fails, and one text of its component's file replaced.
MUTANTS = {
    "kept payload lost": ("slice", "slice.py", "Mux(full, kept, self.i.payload)", "self.i.payload"),
    "stalled payload dropped": ("slice", "slice.py", "m.d.sync += full.eq(1)", "pass"),
    "moves though stalled": ("slice", "slice.py", "moves.eq(self.o.ready | ~self.o.valid)", "moves.eq(1)"),
    "holds one alone": ("slice", "slice.py", "self.i.ready.eq(~full)", "self.i.ready.eq(~full & ~self.o.valid)"),
    "overflows": ("fifo of 5", "fifo.py", "self.i.ready.eq(buffer.w_rdy)", "self.i.ready.eq(1)"),
    "offers nothing that is there": ("fifo of 5", "fifo.py", "self.o.valid.eq(buffer.r_rdy)", "self.o.valid.eq(1)"),
    "reads ahead": ("fifo of 5", "fifo.py", "buffer.r_en.eq(self.o.ready)", "buffer.r_en.eq(1)"),
    "one place short": ("fifo of 5", "fifo.py", "depth=self._depth)", "depth=self._depth - 1)"),
    "another level": ("fifo of 5", "fifo.py", "self.level.eq(buffer.level)",
                      "self.level.eq(buffer.level - self.o.valid)"),
    "written before the last answer went": ("slave", "axi_lite.py", "bus.w_en.eq(aw_full & w_full & ~answer.valid)",
                                            "bus.w_en.eq(aw_full & w_full)"),
    "written without its data": ("slave", "axi_lite.py", "bus.w_en.eq(aw_full & w_full & ~answer.valid)",
                                 "bus.w_en.eq(aw_full & ~answer.valid)"),
    "read before the last answer went": ("slave", "axi_lite.py", "bus.r_en.eq(ar_full & ~r.valid)",
                                         "bus.r_en.eq(ar_full)"),
    "refused and answered OKAY": ("slave", "axi_lite.py", "Mux(error, Response.SLVERR, Response.OKAY)",
                                  "Mux(error, Response.OKAY, Response.OKAY)"),
    "data of a refused read": ("slave", "axi_lite.py", "Mux(bus.r_error, 0, bus.r_data)", "bus.r_data"),
    "an access done twice": ("slave", "axi_lite.py", "m.d.sync += [aw_full.eq(0), w_full.eq(0), answer.valid.eq(1)",
                             "m.d.sync += [w_full.eq(0), answer.valid.eq(1)"),
    "wrapped beyond its block": ("bridge", "axi3_bridge.py", "(held.addr & ~wrap) | ((held.addr + 4) & wrap)",
                                 "held.addr + 4"),
    "a fixed burst goes on": ("bridge", "axi3_bridge.py", "following.eq(held.addr)", "following.eq(held.addr + 4)"),
    "a part of a word written": ("bridge", "axi3_bridge.py", "burst.narrow | ~beat.strb.all()", "burst.narrow"),
    "the last answer of a burst": ("bridge", "axi3_bridge.py", "with m.If(met > worst):", "with m.If(met != worst):"),
    "read outside the window": ("bridge", "axi3_bridge.py", "burst.outside | burst.narrow", "burst.narrow"),
    "another burst's answer": ("bridge", "axi3_bridge.py", "self.id.eq(held.id)", "self.id.eq(self.request.id)"),
    "an address sent twice": ("bridge", "axi3_bridge.py", "self.lite.aw.valid.eq(~address_taken)",
                              "self.lite.aw.valid.eq(1)"),
    "no answer to the last beat": ("bridge", "axi3_bridge.py", "self.last.eq(remaining == 0)",
                                   "self.last.eq(remaining == 1)"),
}


@pytest.fixture(autouse=True)
def prover():
    """Yosys and ABC."""
    reason = missing()
    if reason is not None:
        skip_or_fail(reason)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
                                  for name in PROOFS])
def test_no_rule_is_ever_broken(name):
    assert prove(PROOFS[name](lambda module: importlib.import_module(f"rtl_gen.{module}"))) > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_breaks_a_rule(name, folder):
    proof, file, old, new = MUTANTS[name]
    package = copied(folder, f"rtl_gen_copy_proof_{list(MUTANTS).index(name)}", file, old, new)
    with pytest.raises(BrokenError, match=r"^\w+: rule \d+ is broken in cycle \d+$"):
        prove(PROOFS[proof](package))
