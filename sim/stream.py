"""cocotb ends of an Amaranth stream, which stall at random."""

import random
import sys
from collections.abc import Iterable, Mapping
from functools import cache

from amaranth.hdl import Shape
from amaranth.lib import data
from cocotb.handle import HierarchyObject
from cocotb.triggers import FallingEdge, RisingEdge


@cache
def _fields(layout: data.StructLayout) -> tuple[tuple[str, int, int, bool], ...]:
    shapes = [(name, field, Shape.cast(field.shape)) for name, field in layout]
    return tuple((name, field.offset, shape.width, shape.signed) for name, field, shape in shapes)


def pack(layout: data.StructLayout, values: Mapping[str, int]) -> int:
    """The bits of a payload with these field values; fields left out are 0.

    Raises
    ------
    ValueError
        If the layout has no such field, or a value does not fit.
    """
    bits, left = 0, dict(values)
    for name, offset, width, signed in _fields(layout):
        value = int(left.pop(name, 0))
        low, high = (-1 << (width - 1), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
        if not low <= value <= high:
            raise ValueError(f"Payload field {name} must be in {low}..{high}, not {value}")
        bits |= (value & ((1 << width) - 1)) << offset
    if left:
        raise ValueError(f"Payload has no field {', '.join(left)}; it has {', '.join(layout.members)}")
    return bits


def unpack(layout: data.StructLayout, bits: int) -> dict[str, int]:
    """The field values of a payload; a field that is itself a layout comes as its bits."""
    values = {}
    for name, offset, width, signed in _fields(layout):
        value = bits >> offset & ((1 << width) - 1)
        values[name] = value - (1 << width) if signed and value >> (width - 1) else value
    return values


class StreamSource:
    """Drives ``<prefix>__payload/valid`` and holds each payload until it is taken.

    Parameters
    ----------
    dut
        The design; its clock is ``clk``.
    prefix
        Of the stream's ports.
    layout
        Of the payload: payloads are then tables of field values. None: payloads are integers.
    rng, duty
        A payload is offered in a cycle with probability ``duty``.
    """

    def __init__(self, dut: HierarchyObject, prefix: str, *, rng: random.Random,
                 layout: data.StructLayout | None = None, duty: float = 1.0) -> None:
        self.clk = dut.clk
        self.payload = dut[f"{prefix}__payload"]
        self.valid = dut[f"{prefix}__valid"]
        self.ready = dut[f"{prefix}__ready"]
        self.layout = layout
        self.rng = rng
        self.duty = duty
        self.valid.value = 0

    async def send(self, payloads: Iterable[Mapping[str, int]] | Iterable[int]) -> None:
        """Offer ``payloads`` one after another; returns once the last was taken."""
        for payload in payloads:
            while self.rng.random() >= self.duty:
                await FallingEdge(self.clk)
            self.payload.value = payload if self.layout is None else pack(self.layout, payload)
            self.valid.value = 1
            while True:
                await RisingEdge(self.clk)
                taken = self.ready.value == 1
                await FallingEdge(self.clk)
                if taken:
                    break
            self.valid.value = 0


class StreamSink:
    """Collects payloads from ``<prefix>__payload``, stalling the design at random.

    Parameters are those of :class:`StreamSource`. Raises :exc:`AssertionError` where the design withdraws or changes a
    payload that was not taken.
    """

    def __init__(self, dut: HierarchyObject, prefix: str, *, rng: random.Random,
                 layout: data.StructLayout | None = None, duty: float = 1.0) -> None:
        self.clk = dut.clk
        self.payload = dut[f"{prefix}__payload"]
        self.valid = dut[f"{prefix}__valid"]
        self.ready = dut[f"{prefix}__ready"]
        self.layout = layout
        self.rng = rng
        self.duty = duty
        self._stalled: int | None = None
        self.ready.value = 0

    async def receive(self, count: int) -> list:
        """The next ``count`` payloads; waits for them without end, so the test needs a timeout."""
        return [await self.receive_within(sys.maxsize) for _ in range(count)]

    async def receive_within(self, cycles: int) -> dict[str, int] | int | None:
        """The next payload, or None where none came in so many cycles."""
        ready = None
        for _ in range(cycles):
            wanted = int(self.rng.random() < self.duty)
            if wanted != ready:         # a write that changes nothing takes as long
                self.ready.value = ready = wanted
            await RisingEdge(self.clk)
            offered = int(self.payload.value) if self.valid.value == 1 else None
            assert self._stalled in (None, offered), f"payload {self._stalled} became {offered} before it was taken"
            taken = wanted and offered is not None
            self._stalled = None if taken else offered
            await FallingEdge(self.clk)
            if taken:
                break
        else:
            offered = None
        self.ready.value = 0
        return offered if offered is None or self.layout is None else unpack(self.layout, offered)
