"""The source conventions by name. A new one is a file here and one line."""

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ...config.nearest import offer
from . import nir, norse, sinabs, snnfpga, snntorch, spikingjelly
from .base import Convention

CONVENTIONS: dict[str, Convention] = {
    "snntorch": snntorch.CONVENTION,
    "norse": norse.CONVENTION,
    "spikingjelly": spikingjelly.CONVENTION,
    "sinabs": sinabs.CONVENTION,
    "nir": nir.CONVENTION,
    "snnfpga": snnfpga.CONVENTION,
}

FRAMEWORKS = ("snntorch", "norse", "spikingjelly", "sinabs")    # whose files need nothing else to be said


def convention_of(name: str) -> Convention:
    """The convention that is called ``name``.

    Raises
    ------
    SnnfpgaError
        If there is none.
    """
    if name not in CONVENTIONS:
        raise SnnfpgaError(f"No source convention is called {shown(name)}; {offer(name, CONVENTIONS)}", USAGE)
    return CONVENTIONS[name]
