"""One block: forward engine, readout and update engine around one weight memory."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .arithmetic import index_bits
from .memory_map import geometry
from .protocol import BLOCK_COUNTERS, BLOCK_CYCLE_COUNTERS, Memory
from .spec import NetworkSpec
from .token import token_layout

__all__ = ["Block", "HostPort", "increment_layout", "packet_layout"]


def packet_layout() -> data.StructLayout:
    """Layout of a beat of an output packet."""
    return data.StructLayout({"data": 32, "last": 1})


def increment_layout(spec: NetworkSpec, block: int) -> data.StructLayout:
    """What each counter of a block grows by in a cycle."""
    b = spec.blocks[block]
    widest = max(b.directives.lanes, b.outputs, b.readout.classes, b.readout.inputs * b.readout.classes)
    return data.StructLayout({name: index_bits(widest + 1) for name in BLOCK_COUNTERS + BLOCK_CYCLE_COUNTERS})


class HostPort(wiring.Signature):
    """Access to a block's memories while it is idle.

    Members
    -------
    select : Out(3)
        The :class:`~rtl_gen.protocol.Memory`.
    address : Out(n)
        The word.
    r_data : In(n)
        The word addressed; valid four cycles after ``select`` and ``address`` last changed.
    w_data, w_en : Out(n), Out(1)
        The word is written in a cycle where ``w_en`` is set.
    """

    def __init__(self, spec: NetworkSpec, block: int):
        shapes = [geometry(spec, block, memory) for memory in Memory]
        bits = max(shape.beats for shape in shapes) * 32
        super().__init__({
            "select": Out(3),
            "address": Out(index_bits(max(shape.depth for shape in shapes))),
            "r_data": In(bits),
            "w_data": Out(bits),
            "w_en": Out(1),
        })


class Block(wiring.Component):
    """One block of the network.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    index : int
        Which of its blocks this is.

    Members
    -------
    i : In(stream of tokens)
        The sample's events.
    o : Out(stream of tokens)
        The sample's spikes, in the same form.
    result : Out(stream of packet beats)
        A result packet for each sample that was not aborted.
    idle : Out(1)
        Nothing is inside: all that came in has left, all updates are done.
    host : In(HostPort)
        Memory access while idle.
    seed : In(32)
        Of the random words.
    window_number : Out(32)
        Windows learned from.
    window_number_w_data, window_number_w_en : In(32), In(1)
        Set it.
    increments : Out(increment_layout)
        What each counter grows by in this cycle.
    """

    def __init__(self, spec: NetworkSpec, index: int):
        self.spec = spec
        self.index = index
        b = spec.blocks[index]
        super().__init__({
            "i": In(stream.Signature(token_layout(b.inputs, b.readout.classes))),
            "o": Out(stream.Signature(token_layout(b.outputs, b.readout.classes))),
            "result": Out(stream.Signature(packet_layout())),
            "idle": Out(1),
            "host": In(HostPort(spec, index)),
            "seed": In(32),
            "window_number": Out(32),
            "window_number_w_data": In(32),
            "window_number_w_en": In(1),
            "increments": Out(increment_layout(spec, index)),
        })
