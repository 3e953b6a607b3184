"""How the host reaches a core: registers and packets, in calls that block. NumPy only."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from .mailbox import Mailbox
from .port import Beats, finish

__all__ = ["Link", "LinkPort", "Mmio", "MmioLink"]


class Link(Protocol):
    """Registers and streams of one core, whatever lies between: memory-mapped access or a simulated bus."""

    def read(self, address: int) -> int:
        """Read the core's register at ``address``, in bytes."""

    def write(self, address: int, value: int) -> None:
        """Write the core's register at ``address``, in bytes."""

    def send(self, beats: Beats, *, last: bool = True) -> None:
        """Send ``beats``, with TLAST on the final one where ``last``; return once the core's side has taken them.

        Packets that arrive meanwhile are kept for :meth:`receive`: sending cannot wait for a full output.
        """

    def receive(self, timeout_s: float) -> Beats:
        """The next packet, without its TLAST.

        Raises
        ------
        TimeoutError
            If no whole packet came within ``timeout_s``.
        """


class Mmio(Protocol):
    """32-bit accesses to the core's address window; ``pynq.MMIO`` is one."""

    def read(self, offset: int) -> int:
        """Read the word at ``offset``, in bytes."""

    def write(self, offset: int, value: int) -> None:
        """Write the word at ``offset``, in bytes."""


class _MmioRegisters:
    """Registers behind calls that block, for code that awaits them."""

    def __init__(self, mmio: Mmio) -> None:
        self._mmio = mmio

    async def read(self, address: int) -> int:
        return int(self._mmio.read(address))

    async def write(self, address: int, value: int) -> None:
        self._mmio.write(address, int(value))

    async def write_all(self, writes: Iterable[tuple[int, int]]) -> None:
        for address, value in writes:
            self._mmio.write(address, value)


class LinkPort(_MmioRegisters):
    """A link as a :class:`board.host.port.Port`, for code that awaits it."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._link = link

    async def send(self, beats: Beats, *, last: bool = True) -> None:
        self._link.send(beats, last=last)

    async def receive(self, timeout_s: float) -> Beats:
        return self._link.receive(timeout_s)


class MmioLink:
    """Link over memory-mapped registers, with the streams behind the mailbox.

    A processor that is refused by the bus takes a fault, so only addresses that exist are ever accessed: registers
    come from :func:`rtl_gen.contract.protocol.registers`, and :class:`board.host.mailbox.Mailbox` asks before it acts.

    Parameters
    ----------
    mmio
        The window of the core and its mailbox.
    timeout_s
        How long :meth:`send` waits for room.
    clock
        Seconds that only grow.
    """

    def __init__(self, mmio: Mmio, *, timeout_s: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._mmio = mmio
        self._mailbox = Mailbox(_MmioRegisters(mmio), timeout_s=timeout_s, clock=clock)

    def read(self, address: int) -> int:
        return int(self._mmio.read(address))

    def write(self, address: int, value: int) -> None:
        self._mmio.write(address, int(value))

    def send(self, beats: Beats, *, last: bool = True) -> None:
        """Send ``beats``; raises as :meth:`board.host.mailbox.Mailbox.send_marked` does."""
        finish(self._mailbox.send(beats, last=last))

    def receive(self, timeout_s: float) -> Beats:
        """The next packet; raises as :meth:`board.host.mailbox.Mailbox.receive` does."""
        return finish(self._mailbox.receive(timeout_s))
