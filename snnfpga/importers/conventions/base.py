"""What a source convention is: a file of NIR leaves open what its writer's neurons compute, and this says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import shown
from rtl_gen.contract.readout import READINGS

from ...config.nearest import offer
from ..graph import NirError, Node
from ..stages import Dynamics

Array = NDArray[np.float64]
RESETS = ("subtract", "subtract-late", "zero")
COMPARISONS = ("above", "reached")
SLOWEST = 100.0         # steps of a time constant that networks have; their samples are seldom longer
FASTEST = 0.02          # share that a state keeps, below which it is hardly one
NEAR = 0.01             # how near r times dt is to 1 where it means 1


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the user says of a file; None leaves it to the convention.

    Attributes
    ----------
    dt
        Seconds of a step.
    reset
        One of :data:`RESETS`.
    compare
        One of :data:`COMPARISONS`: whether a neuron fires above its threshold alone, or where that is reached.
    gain
        What a current counts in a membrane, in place of what the file's numbers say.
    """

    dt: float | None = None
    reset: str | None = None
    compare: str | None = None
    gain: float | None = None


def check_said(said: Said, reading: str | None) -> Said:
    """What was said, once its values are some that there are.

    Raises
    ------
    NirError
        If one is not.
    """
    for option, value, known in (("--reset", said.reset, RESETS), ("--compare", said.compare, COMPARISONS),
                                 ("--reading", reading, READINGS)):
        if value is not None and value not in known:
            raise NirError(f"{option} cannot be {shown(value)}; {offer(str(value), known)}")
    for option, number in (("--dt", said.dt), ("--gain", said.gain)):
        if number is not None and not 0 < number < float("inf"):
            raise NirError(f"{option} must be above 0, not {number:g}")
    return said


class Convention(Protocol):
    """How a framework writes its neurons.

    Attributes
    ----------
    about
        The framework, and what is assumed that its files do not say, for people.
    """

    about: str

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """What the neurons of a node (IF, LIF, LI or CubaLIF) compute.

        Raises
        ------
        NirError
            If the numbers mean nothing under this convention, or something is to be said that is not.
        """
        ...

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """What of a node, whose neurons are taken for ``own``, this framework would hardly have written, in words."""
        ...


def doubts_of(node: Node, own: Dynamics, said: Said, writer: str, *, counts: tuple[float, ...] = (),
              r: tuple[float, ...] = ()) -> Iterator[str]:
    """What holds of all frameworks: time constants that no network has, and what a current counts.

    Parameters
    ----------
    writer
        The framework.
    counts, r
        What a current counts in a membrane, and what r is, in the files of this framework; one of these is met.
    """
    for what, keep in (("membrane", own.keep), ("current", own.current_keep)):
        if keep is not None and 1.0 - 1.0 / SLOWEST < keep.max() < 1.0:
            yield (f"a {what} of {node} keeps {keep.max():.6g} of itself in a step, a time constant of "
                   f"{1.0 / (1.0 - keep.max()):.3g} steps")
        elif keep is not None and keep.min() < FASTEST:
            yield f"a {what} of {node} keeps {keep.min():.2g} of itself in a step, which is next to nothing"
    held = node.array("r", 1.0)
    if said.gain is None and not any(np.allclose(own.gain, value, rtol=NEAR) for value in counts) and not any(
            np.allclose(held, value, rtol=NEAR) for value in r):
        wanted = [*(f"one of which a current counts {value:g}" for value in counts), *(f"{value:g}" for value in r)]
        yield f"r of {node} is {_range(held)}, and {writer} writes {' or '.join(wanted)}"


def euler(node: Node, name: str, dt: float, scale: float = 1.0) -> tuple[Array, Array]:
    """What a state of time constant ``name`` keeps in a step of Euler's method, and dt over that constant.

    ``scale`` multiplies what the file says.

    Raises
    ------
    NirError
        If the time constant is not above dt.
    """
    tau = node.array(name) * scale
    if (tau <= dt * (1 + 1e-9)).any():
        raise NirError(f"{name} of {node} must be above the step of {dt:g} s, not {tau.min():g} s; a smaller --dt, or "
                       "where Norse wrote the file, whose time constants are too small by a factor dt, --from norse")
    return 1.0 - dt / tau, dt / tau


def from_nir(node: Node, said: Said, *, dt: float, reset: str, reached: bool, scale: float = 1.0,
             own_gain: bool = False) -> Dynamics:
    """Neurons of NIR's equations in steps of ``dt`` by Euler's method, where nothing else is ``said``.

    Parameters
    ----------
    reset, reached
        As :class:`..stages.Dynamics`.
    scale
        Multiplies time constants.
    own_gain
        Whether a synapse's current jumps by what comes in, whatever ``w_in`` says.
    """
    said_gain = None if said.gain is None else np.float64(said.gain)[...]
    current_keep = None
    if node.kind == "IF":
        keep, share, gain = np.float64(1.0)[...], None, counts(node, dt) if said_gain is None else said_gain
        words = "no leak"
    else:
        name = "tau_mem" if node.kind == "CubaLIF" else "tau"
        keep, share = euler(node, name, dt, scale)
        gain = node.array("r", 1.0) * share
        words = f"{name} {_range(node.array(name) * scale)} s"
        if node.kind == "CubaLIF":
            current_keep, jump = euler(node, "tau_syn", dt, scale)
            gain = gain if own_gain else gain * node.array("w_in", 1.0) * jump
            words += f", tau_syn {_range(node.array('tau_syn') * scale)} s"
        gain = gain if said_gain is None else said_gain
    return finished(node, said, keep=keep, gain=gain, share=share, reset=reset, reached=reached,
                    current_keep=current_keep, words=f"dt {dt:g} s, {words}")


def finished(node: Node, said: Said, *, keep: Array, gain: Array, share: Array | None, reset: str, reached: bool,
             words: str, current_keep: Array | None = None) -> Dynamics:
    """Neurons whose leak and gain are known: with their threshold, reset and resting value.

    ``share`` is what a membrane goes towards ``v_leak`` in a step; None where it does not leak.
    """
    if (gain <= 0).any():
        raise NirError(f"Gain of {node} must be above 0, not {gain.min():g}; turn the signs of the weights before it")
    rest = node.array("v_leak", 0.0)
    if node.kind == "LI":
        if rest.any() and current_keep is not None:
            raise _rest(node)
        return Dynamics(keep=keep, gain=gain, constant=rest * share, threshold=None, reached=False, reset="zero",
                        current_keep=current_keep, said=words)
    threshold, reset = node.array("v_threshold"), said.reset or reset
    back = node.array("v_reset", 0.0)
    if back.any() and reset != "zero":
        raise NirError(f"{node} resets to v_reset {_range(back)}, and the convention subtracts from the membrane; take "
                       "--reset zero, or another --from")
    if back.any():
        # Counted from where a reset leaves it, the membrane rests at 0 and is reset to 0.
        if node.kind != "IF" and not np.allclose(back, rest, rtol=1e-6):
            raise NirError(f"v_reset of {node} must be its v_leak, or both 0, not {_range(back)} with {_range(rest)}; "
                           "train with a reset to the resting value")
        threshold, rest = threshold - back, rest * 0.0
    if share is not None and rest.any() and current_keep is not None:
        raise _rest(node)
    if (threshold <= 0).any():
        raise NirError(f"v_threshold of {node} must be above 0 and what a reset leaves, not {threshold.min():g}; shift "
                       "the membrane, or take it out")
    reached = reached if said.compare is None else said.compare == "reached"
    return Dynamics(keep=keep, gain=gain, constant=rest * 0.0 if share is None else rest * share, threshold=threshold,
                    reached=reached, reset=reset, current_keep=current_keep, said=words)


def counts(node: Node, dt: float) -> Array:
    """The gain of a neuron without leak: 1, which writers put down as r = 1 or as r = 1/dt."""
    r = node.array("r", 1.0)
    if not (np.allclose(r * dt, 1.0, rtol=NEAR) or np.allclose(r, 1.0, rtol=NEAR)):
        raise NirError(f"r of {node} must be 1, or 1/dt = {1 / dt:g}, not {_range(r)}; say with --gain what a current "
                       "counts in the membrane")
    return np.float64(1.0)[...]


def _rest(node: Node) -> NirError:
    return NirError(f"v_leak of {node} must be 0 where there is a synapse before the membrane; shift the membrane")


def _range(values: Array) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if np.isclose(low, high, rtol=1e-5) else f"{low:g} .. {high:g}"
