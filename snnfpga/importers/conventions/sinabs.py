"""Sinabs: time constants in steps, an exact exponential, a threshold that fires when reached and is subtracted."""

from collections.abc import Iterator

import numpy as np

from ..graph import NirError, Node
from ..stages import Dynamics
from .base import Said, doubts_of, finished


class Sinabs:
    """``IAF``, ``LIF``, ``ExpLeak``; several spikes in a step (``MultiSpike``, its default) are taken for one."""

    about = ("Sinabs: time constants in steps, fires where the threshold is reached, which it subtracts; one spike a "
             "step, no smallest membrane, inputs normalised (--gain 1 else)")

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """As :meth:`.base.Convention.dynamics`."""
        if said.dt is not None:
            raise NirError("--dt means nothing to --from sinabs, whose time constants are in steps; leave it out")
        if node.kind == "CubaLIF":
            raise NirError(f"{node} is none that Sinabs writes; name the framework that wrote the file with --from")
        gain, share, keep, words = np.float64(1.0)[...], None, np.float64(1.0)[...], "no leak"
        if node.kind != "IF":
            tau = node.array("tau")
            if (tau <= 0).any():
                raise NirError(f"tau of {node} must be above 0 steps, not {tau.min():g}; export it again")
            keep = np.exp(-1.0 / tau)
            gain = share = 1.0 - keep
            words = f"tau {tau.min():g} steps"
        return finished(node, said, keep=keep, gain=gain if said.gain is None else np.float64(said.gain)[...],
                        share=share, reset="subtract", reached=True, words=words)

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """As :meth:`.base.Convention.doubts`."""
        yield from doubts_of(node, own, said, "Sinabs", r=(1.0,))
        if "v_reset" in node.parameters:
            yield f"{node} has v_reset, which Sinabs does not write"


CONVENTION = Sinabs()
