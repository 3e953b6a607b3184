"""On the board: a link to its core."""

from board.host.link import Mmio, MmioLink

from .constants import CLOCK_MHZ


def attach(mmio: Mmio) -> MmioLink:
    """A link that waits for as long as a slow clock takes."""
    return MmioLink(mmio, timeout_s=1000 / CLOCK_MHZ)
