"""How the host reaches a core: registers and packets. NumPy only."""

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract import protocol
from rtl_gen.contract.errors import SnnfpgaError

Beats = NDArray[np.uint32]

__all__ = ["Beats", "Link", "LinkTimeoutError", "Mmio", "MmioLink"]


class LinkTimeoutError(SnnfpgaError, TimeoutError):
    """The core did not answer in time; the message names what was waited for."""


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
        LinkTimeoutError
            If no whole packet came within ``timeout_s``.
        """


class Mmio(Protocol):
    """32-bit accesses to the core's address window; ``pynq.MMIO`` is one."""

    def read(self, offset: int) -> int:
        """Read the word at ``offset``, in bytes."""

    def write(self, offset: int, value: int) -> None:
        """Write the word at ``offset``, in bytes."""


class MmioLink:
    """Link over memory-mapped registers, with the streams behind the mailbox.

    A processor that is refused by the bus takes a fault, so only addresses that exist are ever accessed: registers
    come from :func:`rtl_gen.contract.protocol.registers`, and a queue is read only while it holds something.

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
        self._timeout_s = timeout_s
        self._clock = clock
        self._packets: list[Beats] = []
        self._partial: list[int] = []

    def read(self, address: int) -> int:
        return int(self._mmio.read(address))

    def write(self, address: int, value: int) -> None:
        self._mmio.write(address, int(value))

    def send(self, beats: Beats, *, last: bool = True) -> None:
        """Send ``beats``.

        Raises
        ------
        LinkTimeoutError
            If the core took nothing for ``timeout_s``.
        """
        words = [int(beat) for beat in beats]
        sent = 0
        deadline = self._clock() + self._timeout_s
        while sent < len(words):
            room = self.read(protocol.MAILBOX_TX_STATUS)
            if room:
                deadline = self._clock() + self._timeout_s
            elif self._clock() > deadline:
                raise LinkTimeoutError(f"The core took {sent} of {len(words)} beats, then none for "
                                       f"{self._timeout_s} s; read its status and errors, and reset it")
            for word in words[sent:sent + room]:
                sent += 1
                final = last and sent == len(words)
                self._mmio.write(protocol.MAILBOX_TX_LAST if final else protocol.MAILBOX_TX, word)
            # A core that cannot send its packets takes no beats either.
            self._drain()

    def receive(self, timeout_s: float) -> Beats:
        deadline = self._clock() + timeout_s
        self._drain()
        while not self._packets:
            if self._clock() > deadline:
                raise LinkTimeoutError(f"No packet came within {timeout_s} s ({len(self._partial)} beats of one did); "
                                       "read the core's status and errors")
            self._drain()
        return self._packets.pop(0)

    def _drain(self) -> None:
        """Take what waits, and keep whole packets apart from the beginning of the next."""
        while (status := self.read(protocol.MAILBOX_RX_STATUS)) & protocol.MAILBOX_RX_WAITS:
            self._partial.append(self.read(protocol.MAILBOX_RX))
            if status & protocol.MAILBOX_RX_LAST:
                self._packets.append(np.array(self._partial, np.uint32))
                self._partial = []
