"""Cycles of a mean sample as the reference measured them on a network's own data, which travel with the network."""

import json
import math
from dataclasses import dataclass

from .contract.network import spec_digest
from .contract.spec import NetworkSpec

__all__ = ["NOTE", "MeasuredCycles"]

NOTE = "cycles"             # the name of the note of a network's file that has them


@dataclass(frozen=True, kw_only=True)
class MeasuredCycles:
    """Cycles between samples that follow each other as fast as a core takes them.

    Attributes
    ----------
    spec
        The network that they were measured of, with its own lanes.
    running, learning
        Cycles where samples are only run, and where they are learned from; None where no block learns.
    """

    spec: NetworkSpec
    running: float
    learning: float | None

    def of(self, *, learn: bool) -> float | None:
        """Cycles of a sample that is learned from, where some block learns, or of one that is run."""
        return self.learning if learn and self.learning is not None else self.running

    def to_json(self) -> str:
        """The text of a note of the network's file that has them."""
        return json.dumps({"specification": spec_digest(self.spec), "running": round(self.running, 1),
                           "learning": None if self.learning is None else round(self.learning, 1)})

    @classmethod
    def from_json(cls, text: str, spec: NetworkSpec) -> "MeasuredCycles | None":
        """What :meth:`to_json` wrote of the network; None where it is not that, or of another, as of other lanes."""
        try:
            found = json.loads(text)
            if found["specification"] != spec_digest(spec):
                return None
            running, learning = found["running"], found["learning"]
            if not all(0 < cycles < math.inf for cycles in (running, learning) if cycles is not None):
                return None
            return cls(spec=spec, running=float(running), learning=None if learning is None else float(learning))
        except (ValueError, TypeError, KeyError):
            return None
