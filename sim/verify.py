"""Verification: a core in a simulator against the integer reference, value by value."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from board.host.exchange import answers_in
from rtl_gen.contract.memory_map import (
    geometry,
    pack,
    readout_to_words,
    unpack,
    weights_to_words,
    words_to_readout,
    words_to_weights,
)
from rtl_gen.contract.network import RATE_OFF, Network
from rtl_gen.contract.protocol import BLOCK_COUNTERS, Access, Error, Memory, registers
from rtl_gen.contract.windows import window_logits
from rtl_gen.core import Core

from .compare import Comparison
from .reference.ingest import Ingest, Write, event_counts
from .reference.labels import Label
from .reference.network import Reference, Result
from .runner import Design, build, build_verilog, own_folder, run
from .scenario import RECORD_VARIABLE, Action, Scenario, asked, layered, learning_scenario

KINDS = ("spikes", "membranes", "readouts", "weights", "counters")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a comparison came to.

    Attributes
    ----------
    samples
        Good samples that were run.
    compared
        For each of :data:`KINDS` the number of values compared.
    mismatches
        Values that differ.
    described
        The first of them, in words.
    cycles
        Clock cycles simulated, host accesses among them.
    busy_lane_share
        Lane-cycles in which a lane did a synaptic operation, of those in which a forward engine worked.
    rates
        For each block the share of neuron steps with a spike, in the samples that were halted.
    changed
        For each block the share of its weights that differ from those loaded.
    counters
        Every counter at its last reading.
    learned
        The network as it was read from the core last.
    """

    simulator: str
    samples: int
    compared: dict[str, int]
    mismatches: int
    described: tuple[str, ...]
    cycles: int
    busy_lane_share: float
    rates: tuple[float, ...]
    changed: tuple[float, ...]
    counters: dict[str, int]
    learned: Network


def verify(network: Network, samples: list[NDArray[np.uint8]], labels: Sequence[Label], *, build_dir: Path,
           simulator: str | None = None, learn: bool = True, every: int = 20, stepwise: int = 2,
           verilog: tuple[str, str] | None = None, seed: int = 1) -> Verification:
    """Run ``samples`` on a core in a simulator and on the reference, and compare all that can be read.

    Parameters
    ----------
    samples
        For each (T, inputs) uint8, events of each index in each step.
    labels
        For each its label, or (T,) one for each of its steps; -1 is none.
    build_dir
        Folder for the simulator's files; what was built there before is used again.
    simulator
        ``icarus`` or ``verilator``; None takes the first that is here.
    learn
        Whether the core learns from the samples.
    every
        Weights and counters are compared after so many samples, and at the end.
    stepwise
        Every so many samples the core halts after each step, where membranes and spikes are compared.
    verilog
        Name of the top module and Verilog that was emitted before, of a core or a mailbox core; None emits a core.

    Raises
    ------
    ValueError
        If there are no samples.
    sim.simulators.SimulatorError
        If the simulator is missing, or cannot build the design.
    sim.runner.SimulationError
        If the core stood still, or broke a handshake.
    """
    if not samples:
        raise ValueError("Verification must have at least 1 sample, not 0; raise --samples")
    if verilog is None:
        design = build(Core(network.spec), build_dir=build_dir, simulator=simulator, optimise=len(samples) > 100)
    else:
        design = build_verilog(verilog[1], top=verilog[0], build_dir=build_dir, simulator=simulator,
                               spec=network.spec, optimise=len(samples) > 100)
    scenario = learning_scenario(network, samples, labels, learn=learn, every=every, stepwise=stepwise,
                                 between=changes_of_rates(network) if learn else ())
    return follow(design, scenario, seed=seed)


def changes_of_rates(network: Network) -> list[Action]:
    """Changes of rates to be spread over a run: each block has every rate once and is off once, and its own again."""
    blocks, kinds = len(network.spec.blocks), RATE_OFF + 1
    turned = [[(turn + block) % kinds for block in range(blocks)] for turn in range(kinds)]
    return [Action(do="rates", rates=rates) for rates in (*turned, list(network.rates))]


def follow(design: Design, scenario: Scenario, *, seed: int = 1) -> Verification:
    """Carry out ``scenario`` on a built core and on the reference, and compare; raises as :func:`verify` does."""
    with own_folder(design) as folder:
        record_path = folder / "record.npz"
        run(design, bench=f"{__package__}.benches.core", seed=seed, arrays=scenario.to_arrays(), folder=folder,
            environment={RECORD_VARIABLE: str(record_path)})
        with np.load(record_path, allow_pickle=False) as file:
            record = {name: file[name] for name in file.files}
    return _Replay(scenario, record).run(design.simulator)


@dataclass
class _Replay:
    """Carries out a scenario on the reference beside the record of the core."""

    scenario: Scenario
    record: dict[str, NDArray]
    comparison: Comparison = field(default_factory=lambda: Comparison(KINDS, "the reference"))
    samples: int = 0

    def run(self, simulator: str) -> Verification:
        scenario, spec = self.scenario, self.scenario.network.spec
        self._compare = self.comparison.compare
        self.reference = Reference(scenario.network)
        self.ingest = Ingest(spec)
        self.counters: dict[str, int] = {}
        self.counted = [Counter() for _ in spec.blocks]                 # before the last write
        self.learned = scenario.network
        self.fired = np.zeros((len(spec.blocks), 2), np.int64)      # spikes, neuron steps
        self.busy = np.zeros(2, np.int64)                           # lane cycles that did work, that could have
        for number, action in enumerate(scenario.actions):
            getattr(self, f"_{action.do}")(number, action)
        last = self.reference.network()
        return Verification(
            simulator=simulator, samples=self.samples, compared=self.comparison.compared,
            mismatches=self.comparison.total, described=tuple(self.comparison.described),
            cycles=int(self.record["cycles"]),
            busy_lane_share=float(self.busy[0] / max(1, self.busy[1])),
            rates=tuple(float(spikes / max(1, steps)) for spikes, steps in self.fired),
            changed=tuple(_changed(now, before)
                          for now, before in zip(last.weights, scenario.network.weights, strict=True)),
            counters=self.counters, learned=self.learned)

    def _where(self, block: int, layer: int) -> str:
        """A layer in words; a block of one layer is called by its own number."""
        return f"block {block}" + (f" layer {layer}" if self.scenario.network.spec.blocks[block].depth > 1 else "")

    def _result(self, what: str, packet: NDArray[np.uint32], wanted: Result) -> None:
        found = [int(packet[0]), *packet[1:].astype(np.uint32).view(np.int32).tolist()]
        self._compare("readouts", what, found, [wanted.prediction, *wanted.answers[-1].tolist()])
        self.samples += 1

    def _sample(self, number: int, action: Action) -> None:
        what, sample = f"sample {action.index}", self.scenario.samples[action.index]
        wanted = self.reference.run(sample, self.scenario.labels[action.index], action.learn, trace=action.stepwise,
                                    windows=action.tells)
        self.ingest.counters["samples"] += 1
        self._result(f"{what}, answer", self.record[f"{number}.result"], wanted)
        if wanted.windows is not None:
            told = [answers_in(packet) for packet in (*self.record[f"{number}.told"], self.record[f"{number}.result"])]
            self._compare("readouts", f"{what}, logits at the end of windows",
                          window_logits(self.reference.spec.blocks[-1], len(sample), told), wanted.windows[-1])
        if not action.stepwise:
            return
        assert wanted.spikes is not None
        assert wanted.membranes is not None
        for block, layers in enumerate(zip(wanted.spikes, wanted.membranes, strict=True)):
            for layer, (spikes, membranes) in enumerate(zip(*layers, strict=True)):
                where = self._where(block, layer)
                found = {name: self.record[f"{number}.{name}{block}.{layer}"] for name in ("spikes", "membranes")}
                self._compare("spikes", f"{what}, spikes of {where}", found["spikes"], spikes)
                self._compare("membranes", f"{what}, membranes of {where}", found["membranes"], membranes)
                self.fired[block] += int(found["spikes"].sum()), found["spikes"].size
            answer = self.record[f"{number}.answer{block}"]
            self._compare("readouts", f"{what}, answer of block {block}", answer, wanted.answers[block])

    def _ask(self, number: int, action: Action) -> None:
        self._sample(number, action)
        block, layer = asked(self.scenario.network.spec, action)
        self._compare("weights", f"sample {action.index}, weights of {self._where(block, layer)} asked for within it",
                      self.record[f"{number}.weights{block}.{layer}"],
                      self.reference.network().weights[block][layer])

    def _stream(self, number: int, action: Action) -> None:
        """Good samples and writes among bad beats: the model of the ingest says which they are."""
        before, results = len(self.ingest.actions), 0
        for value, last in action.beats:
            self.ingest.take(value, last)
        if action.do == "stall":
            self.ingest.time_out()
        for found in self.ingest.actions[before:]:
            if isinstance(found, Write):
                self._write(found)
                continue
            counts, partial = (np.array(steps, np.uint8) for steps in event_counts(found, self.ingest.spec.inputs))
            if found.aborted:
                self.reference.abort(counts.reshape(-1, self.ingest.spec.inputs), found.label, found.learn, partial)
            else:
                wanted = self.reference.run(counts, found.label, found.learn)
                self._result(f"stream {number}, sample {results}", self.record[f"{number}.result{results}"], wanted)
                results += 1

    def _stall(self, number: int, action: Action) -> None:
        self._stream(number, action)

    def _write(self, write: Write) -> None:
        """The reference with other weights: a new one, that goes on counting."""
        self.counted = [Counter(before) + Counter(more)
                        for before, more in zip(self.counted, self.reference.counters, strict=True)]
        self.reference = Reference(written(self.reference.network(), write))

    def _network(self, number: int, action: Action) -> None:
        wanted = self.reference.network()
        for block, (weights, readout) in enumerate(zip(wanted.weights, wanted.readouts, strict=True)):
            what = f"after {self.samples} samples"
            for layer, stored in enumerate(weights):
                self._compare("weights", f"{what}, {self._where(block, layer)}, weights",
                              self.record[f"{number}.weights{block}.{layer}"], stored)
            self._compare("weights", f"{what}, block {block}, readout",
                          self.record[f"{number}.readout{block}"], readout)
        numbers, rates = self.record[f"{number}.window_numbers"], self.record[f"{number}.rates"]
        self._compare("weights", "window numbers", numbers, wanted.window_numbers)
        self._compare("weights", "rates", rates, wanted.rates)
        spec = self.scenario.network.spec
        self.learned = Network(
            spec=spec, weights=layered(spec, self.record, f"{number}.weights"),
            readouts=tuple(self.record[f"{number}.readout{b}"] for b in range(len(spec.blocks))),
            window_numbers=tuple(numbers.tolist()), rates=tuple(rates.tolist()))

    def _rates(self, number: int, action: Action) -> None:
        self.reference.rates = list(action.rates)

    def _turn(self, number: int, action: Action) -> None:
        for name in ("result", "result1"):
            wanted = self.reference.run(self.scenario.samples[action.index], self.scenario.labels[action.index],
                                        action.learn)
            self.ingest.counters["samples"] += 1
            self._result(f"sample {action.index} as rates turn, {name}", self.record[f"{number}.{name}"], wanted)
            self.reference.rates = list(action.rates)

    def _counters(self, number: int, action: Action) -> None:
        spec, refused = self.scenario.network.spec, int(self.record[f"{number}.refused"])
        names = [register.name for register in registers(spec) if register.access == Access.COUNTER]
        self.counters = dict(zip(names, self.record[f"{number}.counters"].tolist(), strict=True))
        wanted = {**self.ingest.counters, "bus_errors": refused}
        for block, counters in enumerate(self.reference.counters):
            wanted |= {f"block{block}.{name}": self.counted[block][name] + counters[name] for name in BLOCK_COUNTERS}
        for name, value in wanted.items():
            self._compare("counters", f"counter {name} after {self.samples} samples", self.counters[name], value)
        errors = self.ingest.errors | (Error.BUS if refused else Error(0))
        self._compare("counters", "error flags", int(self.record[f"{number}.errors"]), int(errors))
        self.busy = np.array([
            sum(self.counters[f"block{b}.busy_lane_cycles"] for b in range(len(spec.blocks))),
            sum(self.counters[f"block{b}.forward_cycles"] * block.directives.lanes
                for b, block in enumerate(spec.blocks))])

    def _reload(self, number: int, action: Action) -> None:
        self.reference = Reference(self.reference.network())
        self.counted = [Counter() for _ in self.counted]
        self.ingest = Ingest(self.scenario.network.spec)


def _changed(now: Sequence[NDArray], before: Sequence[NDArray]) -> float:
    """Share of a block's weights that differ."""
    return float(np.mean(np.concatenate([(a != b).ravel() for a, b in zip(now, before, strict=True)])))


def written(network: Network, write: Write) -> Network:
    """The network after a write packet of whole words, from address 0 on; what it does not reach stays."""
    spec, block, layer = network.spec, write.block, write.layer
    shape = geometry(spec, block, layer, write.memory)
    if write.memory == Memory.WEIGHTS:
        before = weights_to_words(spec, block, layer, network.weights[block][layer])
    else:
        before = readout_to_words(spec, block, network.readouts[block])
    beats = pack(shape, before)
    new = [word >> 32 * part & 0xFFFFFFFF for word in write.words for part in range(shape.beats)]
    beats[:len(new)] = new
    values = unpack(shape, beats)
    weights, readouts = list(network.weights), list(network.readouts)
    if write.memory == Memory.WEIGHTS:
        layers = list(weights[block])
        layers[layer] = words_to_weights(spec, block, layer, values)
        weights[block] = tuple(layers)
    else:
        readouts[block] = words_to_readout(spec, block, values)
    return replace(network, weights=tuple(weights), readouts=tuple(readouts))
