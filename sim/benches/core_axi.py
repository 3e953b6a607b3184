"""cocotb bench of :class:`rtl_gen.core.Core` with bus models that are not ours: cocotbext-axi."""

import itertools
import random
import struct

import cocotb
import numpy as np
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from rtl_gen.contract.memory_map import geometry, unpack
from rtl_gen.contract.protocol import IDENTITY, KIND_SHIFT, VERSION, Memory, Packet, memory_id, registers

from ..bench import load_spec, start
from ..malformed import sample_beats, write_beats

READOUT = 0, 0, Memory.READOUT      # block, layer and kind


def pauses(rng):
    return (rng.random() < 0.4 for _ in itertools.count())


def frame(beats):
    assert [last for _, last in beats] == [False] * (len(beats) - 1) + [True]
    return AxiStreamFrame(struct.pack(f"<{len(beats)}I", *(value for value, _ in beats)))


def words(received):
    return np.frombuffer(bytes(received.tdata), "<u4")


@cocotb.test(timeout_time=5, timeout_unit="ms")
@cocotb.parametrize(stalls=[False, True])
async def speaks_with_foreign_models(dut, stalls):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    if stalls:
        channels = [source, sink, master.read_if.ar_channel, master.read_if.r_channel, master.write_if.aw_channel,
                    master.write_if.w_channel, master.write_if.b_channel]
        for channel in channels:
            channel.set_pause_generator(pauses(rng))
    await start(dut)
    addresses = {register.name: register.address for register in registers(spec)}

    assert await master.read_dword(addresses["identity"]) == IDENTITY
    assert await master.read_dword(addresses["version"]) == VERSION
    # Several words in one call: the addresses of the later ones come before the answers to the first.
    for _ in range(10):
        assert (await master.read_dwords(addresses["identity"], 2)) == [IDENTITY, VERSION]
    assert (await master.read(0x7FFC, 4)).resp == AxiResp.SLVERR
    assert (await master.write(addresses["identity"], bytes(4))).resp == AxiResp.SLVERR
    assert await master.read_dword(addresses["bus_errors"]) == 2

    shape = geometry(spec, *READOUT)
    stored = [rng.getrandbits(shape.word_bits) for _ in range(shape.depth)]
    await source.send(frame(write_beats(spec, READOUT, stored)))
    await source.wait()
    assert addresses["seed"] == addresses["request"] + 4
    await master.write_dwords(addresses["request"], [memory_id(*READOUT), 0xDEADBEEF])
    assert await master.read_dwords(addresses["seed"], 1) == [0xDEADBEEF]
    packet = words(await sink.recv())
    assert packet[0] == Packet.MEMORY << KIND_SHIFT | memory_id(*READOUT)
    back = unpack(shape, packet[1:]) & ((1 << shape.field_bits) - 1)
    assert [sum(int(value) << shape.field_bits * i for i, value in enumerate(word)) for word in back] == stored

    steps = [[rng.randrange(spec.inputs)] for _ in range(3)]
    await source.send(frame(sample_beats(steps, label=0, learn=False)))
    result = words(await sink.recv())
    assert result[0] >> KIND_SHIFT == Packet.RESULT
    assert len(result) == 1 + spec.classes
    assert await master.read_dword(addresses["samples"]) == 1
    assert await master.read_dword(addresses["block0.events"]) == 3
    assert sink.empty()
