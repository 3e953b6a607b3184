"""On the board: load a bitstream and reach its core. Needs PYNQ, which the board's image has and nothing else does."""

from pathlib import Path

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..host.link import MmioLink
from .constants import BASE_ADDRESS, WINDOW_BYTES

__all__ = ["attach"]


def attach(bitstream: str | Path, *, clock_mhz: float, timeout_s: float = 10.0) -> MmioLink:
    """Configure the fabric and give a link to its core.

    ``pynq.Overlay`` asks for a hardware handoff file, which only Vivado's block designs have; ``pynq.Bitstream`` does
    not. So the clock is set here, and the address is the one the design was made for.

    Raises
    ------
    OSError
        If the bitstream is not there, or the caller may not configure the fabric (run as root).
    SnnfpgaError
        If there is no PYNQ here.
    """
    try:
        from pynq import MMIO, Bitstream, Clocks
    except ModuleNotFoundError:
        raise SnnfpgaError("No Python package pynq here: this program runs on the board, with the Python of its image; "
                           "elsewhere snnfpga rehearse runs it on a simulated one", USAGE) from None

    Clocks.fclk0_mhz = clock_mhz
    Bitstream(str(Path(bitstream).resolve())).download()
    return MmioLink(MMIO(BASE_ADDRESS, WINDOW_BYTES), timeout_s=timeout_s)
