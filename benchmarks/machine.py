"""What a measurement ran on."""

import os
import platform
from importlib.metadata import version


def describe(*packages: str) -> dict[str, str | int | None]:
    """Cores, machine, interpreter and versions, for a result's JSON."""
    names = ("numpy", "amaranth", "cocotb", *packages)
    return {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(),
            **{name: version(name) for name in names}}
