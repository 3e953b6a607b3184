"""A drawn network with what is done on it: a value that a file holds, and a scenario that comes of it."""

import hashlib
import json
import random
from dataclasses import dataclass, field, replace
from math import isqrt
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from rtl_gen.contract.network import RATE_OFF, Network
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.core import Core
from sim.malformed import StreamMaker
from sim.reference.ingest import Ingest
from sim.reference.labels import Label
from sim.runner import build
from sim.scenario import Action, Scenario
from sim.verify import Verification, follow

from .networks import chance, counted, specs

# Of a sample as it is: run, halted after each step, asked for weights within it, run twice as the rates turn; then
# what comes between: a packet wrong or aborted or of writes, one whose rest never comes, other rates, a network saved
# and loaded again.
DEEDS = ("sample", "halted", "asking", "turn", "stream", "stall", "rates", "reload")
HIDDEN_SHARE = 0.15
WINDOW_NUMBERS = (0, 70_000, (1 << 32) - 2)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, and what is done on it.

    Attributes
    ----------
    spec
        The network.
    seed
        Of the weights, the samples and the stalls.
    gain
        How far the currents of a step reach beyond the threshold.
    density
        Share of the inputs that are active in a step.
    duty, intrude
        As of a :class:`sim.scenario.Scenario`.
    deeds
        Some of :data:`DEEDS`, one after another.
    """

    spec: NetworkSpec
    seed: int
    gain: float
    density: float
    duty: float
    intrude: bool
    deeds: tuple[str, ...]
    name: str = field(init=False, default="")

    def __post_init__(self) -> None:
        text = json.dumps(self.to_dict(), sort_keys=True).encode()
        object.__setattr__(self, "name", hashlib.sha256(text).hexdigest()[:12])

    def to_dict(self) -> dict:
        """As plain tables."""
        values = {name: value for name, value in self.__dict__.items() if name not in ("spec", "name")}
        return {"spec": self.spec.to_dict(), **values, "deeds": list(self.deeds)}

    @classmethod
    def read(cls, path: Path) -> "Case":
        """The case that a file of :meth:`to_dict` holds."""
        values = json.loads(path.read_text("utf-8"))
        return cls(**{**values, "spec": NetworkSpec.from_dict(values["spec"]), "deeds": tuple(values["deeds"])})

    def scenario(self) -> Scenario:
        """What is done, the same for the same case."""
        rng = random.Random(self.seed)
        network = weighted(self.spec, rng, self.gain, self.density)
        ingest, samples, labels, actions = Ingest(self.spec), [], [], []
        of_steps = self.seed % 6 == 5
        for deed in self.deeds:
            if deed == "stream":
                actions.append(stream(self.spec, rng, ingest))
            elif deed == "stall":
                actions.append(Action(do="stall", beats=StreamMaker(self.spec, rng).cut_short()))
            elif deed == "rates":
                actions.append(Action(do="rates", rates=rates(self.spec, rng)))
            elif deed == "reload":
                actions.append(Action(do="reload"))
            else:
                samples.append(counts(self.spec, rng, self.density))
                labels.append(label(self.spec, rng, len(samples[-1]), of_steps))
                actions.append(Action(
                    do={"asking": "ask", "turn": "turn"}.get(deed, "sample"), index=len(samples) - 1,
                    tells=of_steps and deed not in ("asking", "turn"),
                    learn=rng.random() < 0.95, stepwise=deed == "halted",
                    rates=rates(self.spec, rng) if deed == "turn" else []))
        return Scenario(
            network=network, samples=samples or [np.zeros((1, self.spec.inputs), np.uint8)],
            labels=labels or [0], duty=self.duty, intrude=self.intrude,
            actions=[*actions, Action(do="network"), Action(do="counters")])


def label(spec: NetworkSpec, rng: random.Random, steps: int, of_steps: bool) -> Label:
    """A class or none of a sample, or of each of its steps."""
    if not of_steps:
        return rng.randrange(spec.classes) if rng.random() < 0.95 else -1
    draw = np.random.default_rng(rng.getrandbits(32))
    return np.where(draw.random(steps) < 0.7, draw.integers(0, spec.classes, steps), -1)


def weighted(spec: NetworkSpec, rng: random.Random, gain: float, density: float) -> Network:
    """A network with random weights, window numbers and rates; its currents reach ``gain`` thresholds and its bias."""
    draw = np.random.default_rng(rng.getrandbits(32))
    weights, readouts = [], []
    # Inputs that count add the square of their value to the power of a current.
    most = spec.input_max
    active_share = density * (most + 1) * (2 * most + 1) / 6
    for block in spec.blocks:
        layers = []
        for layer in block.layers:
            active = max(1, round(active_share * (layer.event_rows + layer.weights.bias)))
            reach = isqrt(3 * int(gain * layer.neuron.threshold) ** 2 // active)
            shape = layer.rows, layer.columns
            layers.append(stored(draw, shape, layer.weights.bits, layer.weights.shadow_bits, reach))
            active_share = HIDDEN_SHARE         # behind the first layer fewer inputs are active
        weights.append(tuple(layers))
        readout = block.readout
        shape, bits = (readout.rows, readout.classes), readout.weight_bits if readout.learned else 1
        readouts.append(stored(draw, shape, bits, readout.shadow_bits, 1 << bits))
    return Network(spec=spec, weights=tuple(weights), readouts=tuple(readouts), rates=tuple(rates(spec, rng)),
                   window_numbers=tuple(rng.choice(WINDOW_NUMBERS) for _ in spec.blocks))


def stored(draw: np.random.Generator, shape: tuple[int, int], bits: int, shadow_bits: int, reach: int) -> np.ndarray:
    """Stored weights of at most ``reach``, down to half of it, so that sums lean upwards and layers are not silent; of
    one bit +1 and -1 above any shadow bits.
    """
    shadow = draw.integers(0, 1 << shadow_bits, shape)
    if bits == 1:
        return ((draw.choice((-1, 1), shape) << shadow_bits) + shadow).astype(np.int32)
    high = min(max(1, reach), 1 << bits - 1)
    return ((draw.integers(-high // 2, high, shape) << shadow_bits) + shadow).astype(np.int32)


def rates(spec: NetworkSpec, rng: random.Random) -> list[int]:
    """A rate for each block; 0 in every other, off in one of ten."""
    return [rng.choice((0, 0, 0, 0, 0, 1, 1, 2, 3, RATE_OFF)) for _ in spec.blocks]


def counts(spec: NetworkSpec, rng: random.Random, density: float) -> np.ndarray:
    """Events of a sample, (T, inputs), a few of them once too often."""
    draw = np.random.default_rng(rng.getrandbits(32))
    steps = spec.max_steps if rng.random() < 0.7 else rng.randint(1, spec.max_steps)
    fired = (draw.random((steps, spec.inputs)) < density).astype(np.uint8)
    if spec.input_max > 1:
        fired *= draw.integers(1, spec.input_max + 1, fired.shape, np.uint8)
    return fired + fired * (draw.random(fired.shape) < 0.05)


def stream(spec: NetworkSpec, rng: random.Random, ingest: Ingest) -> Action:
    """Bad packets, writes and aborted samples, and a good one behind; ``ingest`` knows which gives a result."""
    maker, before = StreamMaker(spec, rng, writes=rng.random() < 0.5), ingest.counters["samples"]
    beats = [*maker.beats(3), *maker.good_sample()]
    for value, last in beats:
        ingest.take(value, last)
    return Action(do="stream", beats=beats, results=ingest.counters["samples"] - before)


@st.composite
def cases(draw):
    """A drawn network with what is done on it; a sample is first, so that each has something to learn from."""
    found = Case(
        spec=draw(specs()), seed=draw(st.integers(0, (1 << 32) - 1)), gain=draw(st.sampled_from((3.0, 1.0, 10.0))),
        density=draw(st.sampled_from((0.3, 0.6, 0.9, 0.1))), duty=draw(st.sampled_from((1.0, 1.0, 0.7, 0.4))),
        intrude=draw(chance(of=3)),
        deeds=("halted", *draw(st.lists(st.sampled_from(DEEDS), min_size=2, max_size=5))))
    return replace(found, spec=counted(found.spec, found.seed))


def run(case: Case, folder: Path, *, simulator: str = "icarus", core: type = Core, waves: bool = False) -> Verification:
    """The case on a core in a simulator beside the reference; raises as :func:`sim.verify.follow` does."""
    design = build(core(case.spec), build_dir=folder, simulator=simulator, waves=waves)
    return follow(design, case.scenario(), seed=case.seed % (1 << 31) or 1)
