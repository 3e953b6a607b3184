"""What a host does with a core, action by action, written down so that hardware and reference can both do it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec

from .reference.labels import Label

RECORD_VARIABLE = "SNNFPGA_RECORD"      # where the bench leaves what the core answered

Marked = list[tuple[int, bool]]


@dataclass(frozen=True, kw_only=True)
class Action:
    """One step of a scenario.

    Attributes
    ----------
    do
        ``sample``: run sample ``index``. ``ask``: run it, and ask for the weights of a layer while it is open.
        ``stream``: send ``beats``, good or bad. ``stall``: the same, and then nothing for as long as the watchdog
        waits. ``network``: read all weights. ``counters``: read all counters and the
        error flags. ``rates``: set ``rates``. ``turn``: run a sample twice on end, and set ``rates`` while the first is
        open. ``reload``: read the network, reset, spoil the memories, load it again.
    learn
        Of a sample.
    stepwise
        Of a sample: halt after each step and read membranes, spikes and answers.
    tells
        Of a sample: ask for the answers so far as windows end.
    beats
        Of a stream or a stall, with their TLAST.
    results
        Of a stream or a stall: result packets that it will give.
    rates
        One for each block.
    """

    do: str
    index: int = 0
    learn: bool = False
    stepwise: bool = False
    tells: bool = False
    beats: Marked = field(default_factory=list)
    results: int = 0
    rates: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Actions on a network that is loaded first.

    Attributes
    ----------
    network
        Loaded first.
    samples
        For each sample (T, inputs) uint8, how many events of each index come in each step.
    labels
        For each sample its label, or (T,) one for each of its steps, of all samples; -1 is none.
    actions
        What is done.
    duty
        Share of the cycles in which each side of a handshake is willing; below 1, at random.
    intrude
        Whether registers are read, and refused accesses tried, all the while.
    """

    network: Network
    samples: list[NDArray[np.uint8]]
    labels: Sequence[Label]
    actions: list[Action]
    duty: float = 1.0
    intrude: bool = False

    @property
    def of_steps(self) -> bool:
        """Whether labels are of steps."""
        return any(np.ndim(label) for label in self.labels)

    def to_arrays(self) -> dict[str, NDArray]:
        """The scenario as arrays, which travel into the simulator."""
        arrays: dict[str, NDArray] = {
            "events": np.concatenate(self.samples) if self.samples else np.zeros((0, 0), np.uint8),
            "ends": np.cumsum([len(sample) for sample in self.samples]),
            "labels": np.array([]) if self.of_steps else np.asarray(self.labels, np.int64),
            "step_labels": np.concatenate(self.labels) if self.of_steps else np.array([]),
            "window_numbers": np.array(self.network.window_numbers, np.int64),
            "rates": np.array(self.network.rates, np.int64),
            "actions": np.array(json.dumps([asdict(action) for action in self.actions])),
            "manner": np.array([self.duty, self.intrude], np.float64),
        }
        for block, (weights, readout) in enumerate(zip(self.network.weights, self.network.readouts, strict=True)):
            arrays |= {f"weights{block}.{layer}": stored for layer, stored in enumerate(weights)}
            arrays[f"readout{block}"] = readout
        return arrays

    @classmethod
    def from_arrays(cls, spec: NetworkSpec, arrays: dict[str, NDArray]) -> "Scenario":
        """Inverse of :meth:`to_arrays`, for a network of specification ``spec``."""
        network = Network(
            spec=spec, weights=layered(spec, arrays, "weights"),
            readouts=tuple(arrays[f"readout{b}"] for b in range(len(spec.blocks))),
            window_numbers=tuple(int(number) for number in arrays["window_numbers"]),
            rates=tuple(int(rate) for rate in arrays["rates"]))
        duty, intrude = arrays["manner"]
        labels = list(arrays["labels"]) or np.split(arrays["step_labels"].astype(np.int64), arrays["ends"][:-1])
        return cls(network=network, samples=np.split(arrays["events"], arrays["ends"][:-1]), labels=labels,
                   actions=[Action(**action) for action in json.loads(str(arrays["actions"]))],
                   duty=float(duty), intrude=bool(intrude))


def layered(spec: NetworkSpec, arrays: Mapping[str, NDArray], name: str) -> tuple[tuple[NDArray, ...], ...]:
    """Arrays by block and layer that are kept as ``name0.0`` and on."""
    return tuple(tuple(arrays[f"{name}{b}.{layer}"] for layer in range(block.depth))
                 for b, block in enumerate(spec.blocks))


def asked(spec: NetworkSpec, action: Action) -> tuple[int, int]:
    """Block and layer of the weights that an action ``ask`` asks for: one after the other."""
    places = [(b, layer) for b, block in enumerate(spec.blocks) for layer in range(block.depth)]
    return places[action.index % len(places)]


def learning_scenario(network: Network, samples: Iterable[NDArray[np.uint8]], labels: Sequence[Label], *, learn: bool,
                  every: int = 20, stepwise: int = 2, reload_after: int | None = None,
                  between: Iterable[Action] = (), duty: float = 1.0, intrude: bool = False) -> Scenario:
    """Run every sample once; read all weights and counters after each ``every`` of them, and at the end.

    Parameters
    ----------
    learn
        Whether it learns.
    stepwise
        Halt in every ``stepwise``-th sample; 0 in none.
    reload_after
        After so many samples the network is saved, and loaded into a fresh core.
    between
        Actions that are spread evenly between the samples.
    """
    kept, others, actions = list(samples), list(between), []
    done = 0
    for number in range(1, len(kept) + 1):
        halts = stepwise > 0 and number % stepwise == 0
        actions.append(Action(do="sample", index=number - 1, learn=learn, stepwise=halts,
                              tells=np.ndim(labels[number - 1]) > 0))
        due = len(others) * number // len(kept)
        actions += others[done:due]
        done = due
        if number % every == 0 or number == len(kept):
            actions += [Action(do="network"), Action(do="counters")]
        if number == reload_after:
            actions.append(Action(do="reload"))
    return Scenario(network=network, samples=kept, labels=labels, actions=actions, duty=duty, intrude=intrude)
