"""The driver of a core, the same for a board and a simulation, in calls that block. NumPy only."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract import protocol
from rtl_gen.contract.memory_map import words_to_neurons
from rtl_gen.contract.protocol import Memory
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.windows import told_after, window_logits

from .exchange import Exchange, Integers, answers_in, step_beats
from .link import Link, LinkPort
from .port import Beats, finish
from .samples import UNLABELLED

__all__ = ["HaltedState", "Host", "Label", "Result"]

Label = int | NDArray[np.integer]       # of a sample, or (T,) of its steps
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """Answer of the network's last block to a sample.

    Attributes
    ----------
    prediction
        The class with the largest answer, the lowest of equals.
    answers
        One sum a class, (classes,).
    windows
        Its logits at the end of each window, (W, classes), where they were asked for; else None.
    """

    prediction: int
    answers: Integers
    windows: Integers | None = None


@dataclass(frozen=True)
class HaltedState:
    """What the neurons of every block hold after a step.

    Attributes
    ----------
    membranes
        For each block and layer the membranes after the reset, (outputs,).
    spikes
        For each block and layer 0 or 1, (outputs,).
    """

    membranes: tuple[tuple[Integers, ...], ...]
    spikes: tuple[tuple[Integers, ...], ...]


def _blocking(method: Callable[Concatenate[Exchange, P], Coroutine[Any, Any, T]]) -> Callable[
        Concatenate["Host", P], T]:
    """A method of an exchange as a call that blocks."""
    @wraps(method)
    def call(self: "Host", *arguments: P.args, **options: P.kwargs) -> T:
        return finish(method(self._exchange, *arguments, **options))

    return call


class Host:
    """Drives one core through a link: :class:`board.host.exchange.Exchange` in calls that block.

    Parameters
    ----------
    link
        Registers and packets of the core.
    spec
        The network the core was built for.
    timeout_s
        How long any answer is waited for.

    Raises
    ------
    HostError
        If what answers is no core of ours, of another version, or built from another specification.
    """

    def __init__(self, link: Link, spec: NetworkSpec, *, timeout_s: float = 10.0) -> None:
        self.spec = spec
        self._exchange = Exchange(LinkPort(link), spec, timeout_s=timeout_s)
        finish(self._exchange.check_identity())

    read_register = _blocking(Exchange.read)
    write_register = _blocking(Exchange.write)
    load = _blocking(Exchange.load)
    network = _blocking(Exchange.network)
    set_rates = _blocking(Exchange.set_rates)
    set_watchdog = _blocking(Exchange.set_watchdog)
    read_memory = _blocking(Exchange.read_memory)
    counters = _blocking(Exchange.counters)
    clear_counters = _blocking(Exchange.clear_counters)
    errors = _blocking(Exchange.errors)
    clear_errors = _blocking(Exchange.clear_errors)
    wait_for = _blocking(Exchange.wait_for)

    def run(self, spikes: NDArray[np.integer], *, label: Label = 0, learn: bool = False,
            windows: bool = False) -> Result:
        """Run one sample, (T, inputs) of 0 and 1, and learn from it where ``learn``.

        Where the network's inputs count, they are 0 to the ``input_max`` of its specification. A sample without a
        label, -1, is answered and not learned from, whatever ``learn`` says. A label may be one a step, (T,): each
        window is then learned from by that of its last step that has one, and not where none has.
        With ``windows`` the logits at the end of each window are in the result.

        Raises
        ------
        ValueError
            If the sample does not fit the network.
        LinkTimeoutError
            If no result came.
        """
        steps = self._steps(spikes, label, learn, windows)
        packet = finish(self._exchange.run(steps))
        return self._result(packet, len(steps), windows)

    def run_stepwise(self, spikes: NDArray[np.integer], *, label: Label = 0, learn: bool = False,
                     windows: bool = False) -> tuple[Result, list[HaltedState]]:
        """As :meth:`run`, halting after every step to read membranes and spikes. Raises as it does."""
        packet, steps = finish(self._exchange.run_stepwise(
            self._steps(spikes, label, learn, windows), (Memory.MEMBRANES, Memory.SPIKES)))
        return self._result(packet, len(steps), windows), [
            HaltedState(membranes=self._of_neurons(step, Memory.MEMBRANES),
                        spikes=self._of_neurons(step, Memory.SPIKES)) for step in steps]

    def _result(self, packet: Beats, steps: int, windows: bool) -> Result:
        """What the result says, and where it was asked for what was told on the way to it."""
        prediction, answers = int(packet[0]) & ((1 << protocol.PREDICTION_BITS) - 1), answers_in(packet)
        if not windows:
            return Result(prediction, answers)
        block = self.spec.blocks[-1]
        told = [answers_in(finish(self._exchange.receive_so_far())) for _ in told_after(block, steps)]
        return Result(prediction, answers, window_logits(block, steps, [*told, answers]))

    def _steps(self, spikes: NDArray[np.integer], label: Label, learn: bool, windows: bool) -> list[Beats]:
        spikes = np.asarray(spikes)
        if spikes.ndim != 2 or spikes.shape[1] != self.spec.inputs or not 1 <= len(spikes) <= self.spec.max_steps:
            raise ValueError(f"Sample must be (1..{self.spec.max_steps} steps, {self.spec.inputs} inputs), "
                             f"not {spikes.shape}")
        most = self.spec.input_max
        if not ((spikes >= 0) & (spikes <= most) & (spikes == spikes.astype(np.int64))).all():
            raise ValueError(f"Sample must hold {'0 and 1' if most == 1 else f'0..{most}'} only, not "
                             f"{spikes.min()}..{spikes.max()}")
        labels = np.asarray(label)
        if labels.shape not in ((), (len(spikes),)):
            raise ValueError(f"Label must be one, or one for each of {len(spikes)} steps, not of shape {labels.shape}")
        bad = labels[(labels != UNLABELLED) & ((labels < 0) | (labels >= self.spec.classes))]
        if bad.size:
            raise ValueError(f"Label must be in 0..{self.spec.classes - 1}, or {UNLABELLED} for none, not "
                             f"{bad.flat[0]}")
        inputs = np.arange(self.spec.inputs)
        events = [np.repeat(inputs, step) for step in spikes.astype(np.int64)]
        return step_beats(events, label=label, learn=learn, tell=windows)

    def _of_neurons(self, step: dict[tuple[int, int, Memory], Integers],
                    memory: Memory) -> tuple[tuple[Integers, ...], ...]:
        """One value for each neuron of each layer; the lanes of no neuron are left out."""
        return tuple(tuple(words_to_neurons(self.spec, b, number, step[b, number, memory])
                           for number in range(block.depth)) for b, block in enumerate(self.spec.blocks))
