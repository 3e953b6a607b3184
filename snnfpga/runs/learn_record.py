"""``learn.json``: the record that learning leaves in a run's folder for the report."""

import hashlib
import json
from pathlib import Path
from typing import Any

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.regular import regular

from .find import CONFIG, NETWORK

LEARN = "learn.json"
KEYS = ("backend", "data", "source", "source_sha256", "samples", "accuracy_before", "accuracy_after", "updates",
        "saturations", "network", "counters")


def facts(backend: str, data: str, source: Path, samples: int, before: float, after: float, counters: dict[str, int],
          network: Path) -> dict[str, Any]:
    """The object that ``--json`` prints and ``learn.json`` holds, under ``KEYS``.

    Parameters
    ----------
    source, network
        The files of the network that learned, and of what it became.
    """
    return {"backend": backend, "data": data, "source": str(source), "source_sha256": file_digest(source),
            "samples": samples, "accuracy_before": before, "accuracy_after": after, "updates": counters["updates"],
            "saturations": counters["weight_saturations"], "network": str(network), "counters": counters}


def file_digest(path: Path) -> str:
    """SHA-256, in hex: by it a report knows whether the record is of the network that the run holds now."""
    return hashlib.sha256(regular(path).read_bytes()).hexdigest()


def record_place(source: Path) -> Path | None:
    """Where the record of what ``source`` learned lies: in its run; None where it is no run's network."""
    in_run = source.name == NETWORK and (source.parent / CONFIG).exists()
    return source.parent / LEARN if in_run else None


def is_record(path: Path) -> bool:
    """Whether ``snnfpga learn`` wrote this file."""
    try:
        found = json.loads(regular(path).read_text("utf-8"))
    except ValueError:
        return False
    return isinstance(found, dict) and set(KEYS) <= found.keys()


def write_record(path: Path, found: dict[str, Any]) -> None:
    """Write the object of :func:`facts`."""
    write_atomically(path, (json.dumps(found, indent=1) + "\n").encode())
