"""The whole core through its AXI ports against the integer reference."""

import random
from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.network import RATE_OFF
from rtl_gen.contract.protocol import BLOCK_COUNTERS, CORE_COUNTERS
from rtl_gen.core import Core
from rtl_gen.mailbox import MailboxCore
from sim.malformed import StreamMaker
from sim.reference.ingest import Ingest
from sim.reference.initial import random_network
from sim.runner import build, simulate
from sim.scenario import Action, learning_scenario
from sim.verify import follow
from tests.networks import network_spec

from .cases import verilator_slow

DENSITY = 0.25


def class_samples(spec, count, *, steps, seed):
    """Samples that can be told apart: each class has its own inputs that fire often; now and then an event twice."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, spec.classes, count)
    rates = generator.choice([0.05, 0.6], (spec.classes, spec.inputs), p=[0.65, 0.35])
    samples = []
    for label in labels:
        length = int(generator.integers(max(1, steps - 2), steps + 1))
        fired = (generator.random((length, spec.inputs)) < rates[label]).astype(np.uint8)
        samples.append(fired + fired * (generator.random(fired.shape) < 0.05))
    return samples, labels


def start_network(spec, seed):
    """A random network that has learned before: window numbers differ, and reach beyond 16 bits."""
    network = random_network(spec, seed, density=DENSITY)
    return replace(network, window_numbers=tuple(3 + 70000 * block for block in range(len(spec.blocks))))


def bad_streams(spec, count, *, seed, writes=False):
    """Streams of bad and good packets, each ending on a good sample."""
    maker, model, actions = StreamMaker(spec, random.Random(seed), writes=writes), Ingest(spec), []
    for _ in range(count):
        beats, before = [*maker.beats(4), *maker.good_sample()], model.counters["samples"]
        for value, last in beats:
            model.take(value, last)
        actions.append(Action(do="stream", beats=beats, results=model.counters["samples"] - before))
    return actions


def stalls(spec, count, *, seed):
    """What has begun and goes no further, until the watchdog ends it."""
    maker = StreamMaker(spec, random.Random(seed), writes=False)
    return [Action(do="stall", beats=maker.cut_short()) for _ in range(count)]


def turns(spec, count, *, seed):
    """Samples in which the rates turn, each to others than the last; no block is off twice on end."""
    rng, last = random.Random(seed), [0] * len(spec.blocks)
    actions = []
    for index in range(count):
        last = [rng.choice([rate for rate in range(RATE_OFF + 1) if rate != before]) for before in last]
        actions.append(Action(do="turn", index=index, learn=rng.random() < 0.9, rates=last))
    return actions


def check(found, *, alive=True):
    assert found.mismatches == 0, "\n".join(found.described)
    assert min(found.compared.values()) > 0, "a kind of value was never compared"
    if alive:
        assert all(0.03 <= rate <= 0.6 for rate in found.rates), f"neurons fire in {found.rates} of the steps"
        assert all(changed >= 0.2 for changed in found.changed), f"{found.changed} of the weights changed"


SMALL = {
    "two blocks": network_spec(inputs=12, sizes=(10, 7), lanes=8, window=3, max_steps=8, rounding="stochastic",
                               shadow_bits=0, rate_shift=4, logit_shift=1, membrane_bits=9, surrogate_width=48),
    "fixed readout": network_spec(inputs=9, sizes=(6,), lanes=1, window=4, loss_steps=2, max_steps=6, learned=False,
                                  logit_shift=-1, update_interval=1, reset="zero", bias=False, dead_zone=70,
                                  leak_shift=None, accumulate="cumulative"),
}

VOLUME = {
    "one layer, nearest": network_spec(inputs=64, sizes=(20,), classes=10, lanes=4, shadow_bits=8, rate_shift=2,
                                       readout_rate_shift=2, max_steps=12),
    "one layer, stochastic": network_spec(inputs=64, sizes=(30,), classes=10, lanes=16, window=5, loss_steps=3,
                                          shadow_bits=0, rounding="stochastic", rate_shift=6, readout_rate_shift=5,
                                          surrogate="triangle", surrogate_width=4, surrogate_height=5, max_steps=12),
    "three layers, nearest": network_spec(inputs=40, sizes=(33, 24, 12), classes=5, lanes=8, window=3,
                                          update_interval=2, shadow_bits=6, rate_shift=2, learned=False,
                                          logit_shift=0, reset="zero", max_steps=12),
    "two layers, stochastic": network_spec(inputs=30, sizes=(17, 9), classes=3, lanes=1, shadow_bits=4,
                                           rounding="stochastic", rate_shift=4, accumulate="cumulative",
                                           leak_shift=None, threshold=96, bias=False, max_steps=12),
}


def learn(number, simulator, folder):
    """A small core learns; with halts, bad input, rates, stalls and bus accesses at once."""
    spec = list(SMALL.values())[number]
    samples, labels = class_samples(spec, 24, steps=6, seed=number)
    between = [action for three in zip(bad_streams(spec, 8, seed=number), turns(spec, 8, seed=number),
                                       stalls(spec, 8, seed=number), strict=True) for action in three]
    start = replace(start_network(spec, 2 + number), rates=(number + 1,) * len(spec.blocks))
    scenario = learning_scenario(start, samples, labels, learn=True, between=between, duty=(1.0, 0.6)[number],
                                 intrude=True)
    found = follow(build(Core(spec), build_dir=folder / str(number), simulator=simulator), scenario)
    print(number, found)
    check(found)
    return found


@verilator_slow
def test_learns_as_the_reference_does(simulator, tmp_path):
    """Every counter is seen to count."""
    seen = dict.fromkeys([*CORE_COUNTERS, *BLOCK_COUNTERS], 0)
    for number in range(len(SMALL)):
        for counter, value in learn(number, simulator, tmp_path).counters.items():
            seen[counter.rpartition(".")[2]] = seen.get(counter.rpartition(".")[2], 0) + value
    assert [counter for counter, value in seen.items() if value == 0] == []


def test_learns_on_verilator_too(verilator, tmp_path):
    """The smaller of the two, which compiles in half of the time."""
    learn(1, verilator, tmp_path)


@pytest.mark.parametrize(("component", "reads"), [(Core, 2), (MailboxCore, 1)])
def test_memories_are_written_and_read_at_any_time(component, reads, icarus, tmp_path):
    """Requests in the middle of a sample; write packets right behind one and right before one, good and bad."""
    spec = network_spec(inputs=30, sizes=(9, 6), classes=5, lanes=2, reads=reads, window=2, max_steps=4)
    samples, labels = class_samples(spec, 6, steps=4, seed=2)
    scenario = learning_scenario(start_network(spec, 2), samples, labels, learn=True, every=2, stepwise=3,
                         between=bad_streams(spec, 6, seed=2, writes=True))
    asking = [replace(action, do="ask") if action.do == "sample" and not action.stepwise else action
              for action in scenario.actions]
    assert sum(action.do == "ask" for action in asking) == 4
    check(follow(build(component(spec), build_dir=tmp_path, simulator=icarus), replace(scenario, actions=asking)),
          alive=False)


@verilator_slow
def test_speaks_with_foreign_models(simulator, tmp_path):
    simulate(Core(SMALL["fixed readout"]), bench="sim.benches.core_axi", build_dir=tmp_path, simulator=simulator)


@pytest.mark.parametrize("component", [Core, pytest.param(MailboxCore, marks=pytest.mark.slow)])
def test_a_saved_and_loaded_network_learns_on(component, icarus, tmp_path):
    """Learning N samples, saving, loading into a fresh core and learning N more equals learning 2N."""
    spec = SMALL["two blocks"]
    samples, labels = class_samples(spec, 16, steps=5, seed=9)
    network = replace(start_network(spec, 9), rates=(2, 1))
    design = build(component(spec), build_dir=tmp_path, simulator=icarus)
    found = [follow(design, learning_scenario(network, samples, labels, learn=True, every=8, stepwise=4,
                                          reload_after=reload_after))
             for reload_after in (None, 8)]
    for verification in found:
        check(verification)
    assert found[0].learned.window_numbers == found[1].learned.window_numbers
    for block in range(len(spec.blocks)):
        assert np.array_equal(found[0].learned.weights[block][0], found[1].learned.weights[block][0])
        assert np.array_equal(found[0].learned.readouts[block], found[1].learned.readouts[block])


def test_neither_lanes_nor_the_order_of_events_matter(icarus, tmp_path):
    learned = []
    for lanes in (1, 4, 16):
        spec = network_spec(inputs=10, sizes=(9,), lanes=lanes, window=3, max_steps=6, rounding="stochastic",
                            shadow_bits=0, rate_shift=4)
        samples, labels = class_samples(spec, 6, steps=5, seed=3)
        design = build(Core(spec), build_dir=tmp_path / str(lanes), simulator=icarus)
        scenario = learning_scenario(start_network(spec, 3), samples, labels, learn=True, every=3)
        found = follow(design, scenario, seed=lanes)        # the seed also shuffles the events within a step
        check(found)
        learned.append(found.learned)
    for other in learned[1:]:
        assert np.array_equal(other.weights[0][0], learned[0].weights[0][0])
        assert np.array_equal(other.readouts[0], learned[0].readouts[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", VOLUME)
def test_learns_from_many_samples_as_the_reference_does(name, verilator, tmp_path):
    spec = VOLUME[name]
    samples, labels = class_samples(spec, 200, steps=10, seed=1)
    design = build(Core(spec), build_dir=tmp_path, simulator=verilator)
    scenario = learning_scenario(start_network(spec, 1), samples, labels, learn=True, reload_after=100,
                         between=bad_streams(spec, 20, seed=1), duty=0.8, intrude=True)
    check(follow(design, scenario))
