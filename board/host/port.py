"""A core's registers and streams for code that awaits them, and such code run where nothing has to be waited for."""

from collections.abc import Coroutine, Iterable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import SnnfpgaError

Beats = NDArray[np.uint32]
T = TypeVar("T")

__all__ = ["Beats", "LinkTimeoutError", "Port", "Registers", "finish"]


class LinkTimeoutError(SnnfpgaError, TimeoutError):
    """The core did not answer in time; the message names what was waited for."""


class Registers(Protocol):
    """32-bit registers at byte addresses."""

    async def read(self, address: int) -> int:
        """Value of the register at ``address``."""

    async def write(self, address: int, value: int) -> None:
        """Write the register at ``address``."""

    async def write_all(self, writes: Iterable[tuple[int, int]]) -> None:
        """Write registers, each an address and a value, one after another."""


class Port(Registers, Protocol):
    """Registers and streams of one core: :class:`board.host.link.Link` for code that awaits."""

    async def send(self, beats: Beats, *, last: bool = True) -> None:
        """Send ``beats``, with TLAST on the final one where ``last``; returns once they were taken."""

    async def receive(self, timeout_s: float | None) -> Beats:
        """The next packet, without its TLAST; None waits for it without end.

        Raises
        ------
        TimeoutError
            If no whole packet came within ``timeout_s``.
        """


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """What ``coroutine`` returns, where everything that it awaits blocks and never suspends it."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a coroutine over a blocking port was suspended")
