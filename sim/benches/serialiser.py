"""cocotb bench of :mod:`rtl_gen.serialiser`."""

import random

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge
from cocotb.utils import get_sim_time

from rtl_gen.contract.plan import plan_of
from rtl_gen.forward_layouts import group_layout
from rtl_gen.token import TokenKind, token_layout

from ..bench import PERIOD_NS, load_spec, start
from ..lanes import join
from ..stream import StreamSink, StreamSource

START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)


def step_groups(spec, spikes, last):
    """A step's groups from its spikes, one a neuron."""
    (plan,) = plan_of(spec.blocks[0]).layers
    lanes, count = plan.lanes, plan.words
    for group in range(count):
        fired = spikes[group * lanes:(group + 1) * lanes]
        yield {"kind": STEP, "last_group": int(group == count - 1), "last": last,
               "payload": join(fired, 1), "count": sum(fired)}


def step_tokens(spikes, last):
    return [*((EVENT, index, 0) for index, spike in enumerate(spikes) if spike), (STEP, 0, last)]


def step_cycles(spec, spikes):
    """A cycle for each spike, for each group without one but the last, and for the step's end."""
    (plan,) = plan_of(spec.blocks[0]).layers
    lanes, count = plan.lanes, plan.words
    silent = sum(not any(spikes[group * lanes:(group + 1) * lanes]) for group in range(count - 1))
    return sum(spikes) + silent + 1


def random_sample(rng, spec):
    """Groups of a sample and the tokens they become."""
    outputs, value = spec.blocks[0].outputs, rng.randrange(2 * spec.classes)
    # What a START and an ABORT say of groups and of the sample's end means nothing.
    count = (value & (1 << spec.blocks[0].directives.lanes) - 1).bit_count()
    made = [{"kind": START, "payload": value, "count": count, "last": rng.randrange(2), "last_group": rng.randrange(2)}]
    tokens = [(START, value, 0)]
    steps, aborted = rng.randint(1, 5), rng.random() < 0.3
    for t in range(steps):
        density, last = rng.choice((0.0, 0.2, 1.0)), int(t == steps - 1 and not aborted)
        spikes = [int(rng.random() < density) for _ in range(outputs)]
        made += step_groups(spec, spikes, last)
        tokens += step_tokens(spikes, last)
    if aborted:
        made.append({"kind": ABORT, "last": rng.randrange(2), "last_group": rng.randrange(2)})
        tokens.append((ABORT, 0, 0))
    return made, tokens


def ends(dut, spec, rng, duties=(1.0, 1.0)):
    block = spec.blocks[0]
    return (StreamSource(dut, "i", rng=rng, layout=group_layout(block), duty=duties[0]),
            StreamSink(dut, "o", rng=rng, layout=token_layout(block.outputs, spec.classes), duty=duties[1]))


@cocotb.test(timeout_time=300, timeout_unit="us")
@cocotb.parametrize(source_duty=[1.0, 0.5], sink_duty=[1.0, 0.5])
async def turns_spikes_into_events(dut, source_duty, sink_duty):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    source, sink = ends(dut, spec, rng, (source_duty, sink_duty))
    await start(dut)
    made, tokens = [], []
    for _ in range(12):
        sample = random_sample(rng, spec)
        made += sample[0]
        tokens += sample[1]
    cocotb.start_soon(source.send(made))
    received = await sink.receive(len(tokens))
    assert [(token["kind"], token["value"], token["last"]) for token in received] == tokens
    await ClockCycles(dut.clk, 4)
    await FallingEdge(dut.clk)
    assert dut.o__valid.value == 0, "a token too many"
    assert dut.idle.value == 1


@cocotb.test(timeout_time=300, timeout_unit="us")
async def takes_the_cycles_it_says(dut):
    spec = load_spec()
    source, sink = ends(dut, spec, random.Random(1))
    await start(dut)
    outputs = spec.blocks[0].outputs
    steps = [[0] * outputs, [1] * outputs, [int(i == 0) for i in range(outputs)],
             [int(i == outputs - 1) for i in range(outputs)], [i % 2 for i in range(outputs)], [0] * outputs]
    cocotb.start_soon(source.send([group for spikes in steps for group in step_groups(spec, spikes, 0)]))
    await FallingEdge(dut.clk)                  # the first group is inside
    for number, spikes in enumerate(steps):
        began = get_sim_time("ns")
        await sink.receive(sum(spikes) + 1)
        cycles = (get_sim_time("ns") - began) / PERIOD_NS
        assert cycles == step_cycles(spec, spikes), f"step {number}"
