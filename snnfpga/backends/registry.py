"""The backends by name. A new one is a module with a :class:`~snnfpga.backends.backend.Backend` and one line here.

Only the module of a backend that is asked for is imported: a backend without PyTorch starts without it.
"""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.nearest import offer

if TYPE_CHECKING:
    from rtl_gen.contract.network import Network

    from .backend import Backend


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the registry.

    Attributes
    ----------
    target
        ``module:class``, the module in this folder.
    about
        What it is, for help; empty where its name says it.
    learns
        Whether it learns as the chip does.
    simulated
        Whether its place is a simulator.
    """

    target: str
    about: str = ""
    learns: bool = True
    simulated: bool = False


BACKENDS: dict[str, Entry] = {
    "torch": Entry(target="torch:Torch", learns=False),
    "reference": Entry(target="reference:IntegerReference"),
    "rtl": Entry(target="rtl:Rtl", about="the hardware in a simulator", simulated=True),
}


def learners() -> list[str]:
    """The backends that learn as the chip does."""
    return [name for name, entry in BACKENDS.items() if entry.learns]


def described(names: Iterable[str]) -> str:
    """``names`` for the help of an option: ``reference, or rtl: the hardware in a simulator``."""
    words = [f"{name}: {BACKENDS[name].about}" if BACKENDS[name].about else name for name in names]
    return f"{', '.join(words[:-1])}, or {words[-1]}"


def check_name(name: str, *, to_learn: bool = False) -> None:
    """Refuse the name of a backend that is not there, or ``to_learn`` does not.

    Raises
    ------
    SnnfpgaError
        If there is none of that name, or it does not learn; the nearest name, or those that do, are offered.
    """
    if name not in BACKENDS:
        raise SnnfpgaError(f"No backend is called {shown(name)}; "
                           f"{offer(name, learners() if to_learn else BACKENDS)}", USAGE)
    if to_learn and not BACKENDS[name].learns:
        raise refuse_to_learn(name)


def check_simulator(name: str | None, backend: str | None = None) -> None:
    """Refuse the name of a simulator that is not there, or that ``backend`` has no use for; None names none.

    Raises
    ------
    SnnfpgaError
        If there is none of that name, the nearest is offered; or if the backend is computed without a simulator.
    """
    if name is None:
        return
    from sim.simulators import SIMULATORS  # which needs the extra sim

    if name not in SIMULATORS:
        raise SnnfpgaError(f"No simulator is called {shown(name)}; {offer(name, SIMULATORS)}", USAGE)
    if backend is not None and not BACKENDS[backend].simulated:
        simulated = " or ".join(which for which, entry in BACKENDS.items() if entry.simulated)
        raise SnnfpgaError(f"--simulator is for --backend {simulated}, and {backend} needs none; leave it out", USAGE)


def refuse_to_learn(name: str) -> SnnfpgaError:
    """The error of a backend that does not learn as the chip does."""
    return SnnfpgaError(f"Backend {name} does not learn as the chip does; take one of {', '.join(learners())}", USAGE)


def make(name: str, network: "Network", place: str | None = None) -> "Backend":
    """The backend called ``name`` with ``network`` on it; ``place`` as a :class:`Backend` takes it.

    Raises
    ------
    SnnfpgaError
        If there is none of that name.
    """
    check_name(name)
    module, _, found = BACKENDS[name].target.partition(":")
    return getattr(importlib.import_module(f".{module}", __package__), found)(network, place)
