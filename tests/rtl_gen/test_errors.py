import numpy as np
from amaranth.hdl import Cat, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.contract.arithmetic import ERROR_BITS
from rtl_gen.errors import class_error
from sim.runner import simulate
from tests.networks import network_spec

from .cases import verilator_slow

LOGIT_BITS = 10
READOUTS = tuple((shift, dead_zone, logistic) for shift, dead_zone in ((0, 0), (2, 1), (-3, 5), (8, 127))
                 for logistic in (0, 1))


class Errors(wiring.Component):
    """The errors that several readouts find in one logit."""

    def __init__(self, class_error=class_error):
        self.class_error = class_error
        super().__init__({"logit": In(signed(LOGIT_BITS)), "is_label": In(1), "errors": Out(8 * len(READOUTS))})

    def elaborate(self, platform):
        m = Module()
        found = []
        for shift, dead_zone, logistic in READOUTS:
            readout = network_spec(logit_shift=shift, dead_zone=dead_zone,
                                   error_function="logistic" if logistic else "hard_sigmoid").blocks[0].readout
            found.append(self.class_error(m, readout, self.logit, self.is_label)[:ERROR_BITS])
        m.d.comb += self.errors.eq(Cat(found))
        return m


@verilator_slow
def test_every_logit(simulator, tmp_path):
    simulate(Errors(), bench="sim.benches.errors", build_dir=tmp_path, simulator=simulator,
             arrays={"readouts": np.array(READOUTS), "logit_bits": np.array(LOGIT_BITS)})
