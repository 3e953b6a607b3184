"""Core: the machine behind AXI4-Stream and AXI4-Lite."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .axi_lite import AxiLiteSlave, connect_pins, slave_pins
from .contract.spec import NetworkSpec
from .machine import Machine

__all__ = ["Core"]

PREFIX = "s_axi_"       # of the pins of the registers' bus


class Core(wiring.Component):
    """A network as hardware; ``docs/protocol.md`` is its manual.

    Every output is a register, or one inverted: nothing leads from an input to an output within a cycle. Events are
    taken at one a cycle.

    Parameters
    ----------
    spec : NetworkSpec
        The network.

    Members
    -------
    s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast
        Input stream.
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast
        Output stream.
    s_axi_… : members of :func:`rtl_gen.axi_lite.slave_pins`
        Registers.

    Raises
    ------
    SpecError
        If the network has no hardware, as :func:`rtl_gen.contract.limits.check_hardware` says.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        super().__init__({
            "s_axis_tdata": In(32), "s_axis_tvalid": In(1), "s_axis_tready": Out(1), "s_axis_tlast": In(1),
            "m_axis_tdata": Out(32), "m_axis_tvalid": Out(1), "m_axis_tready": In(1), "m_axis_tlast": Out(1),
            **slave_pins(PREFIX),
        })
        self._machine = Machine(spec)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.machine = machine = self._machine
        m.submodules.axi_lite = slave = AxiLiteSlave()
        wiring.connect(m, slave.bus, machine.bus)
        connect_pins(m, pins=self, prefix=PREFIX, bus=slave.axi)
        m.d.comb += [
            machine.i.p.data.eq(self.s_axis_tdata),
            machine.i.p.last.eq(self.s_axis_tlast),
            machine.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(machine.i.ready),
            self.m_axis_tdata.eq(machine.o.p.data),
            self.m_axis_tlast.eq(machine.o.p.last),
            self.m_axis_tvalid.eq(machine.o.valid),
            machine.o.ready.eq(self.m_axis_tready),
        ]
        return m
