"""Quantised spiking networks that learn block by block, and hardware that goes on learning: the verbs, from Python.

A name is imported when it is first used, so that ``import snnfpga`` takes next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config.models import Config as Config
    from .errors import SnnfpgaError as SnnfpgaError
    from .listening import Progress as Progress
    from .listening import SnnfpgaWarning as SnnfpgaWarning

_NAMES = {      # where each lies
    "Config": ".config.models",
    "Progress": ".listening",
    "SnnfpgaError": ".errors",
    "SnnfpgaWarning": ".listening",
}
__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"Module {__name__!r} has no {name!r}")
    return globals().setdefault(name, getattr(import_module(_NAMES[name], __name__), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
