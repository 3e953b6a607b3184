"""Both streams of a core through the registers of its mailbox. NumPy only."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rtl_gen.contract import protocol

from .port import Beats, LinkTimeoutError, Registers

__all__ = ["Mailbox"]


class Mailbox:
    """The streams of a :class:`rtl_gen.mailbox.MailboxCore`.

    A processor that is refused by the bus takes a fault, so a queue is written only while it has room, and read only
    while it holds something.

    Parameters
    ----------
    registers
        Of the core and its mailbox.
    timeout_s
        How long :meth:`send` waits for room; None waits without end.
    clock
        Seconds that only grow.

    Attributes
    ----------
    packets
        Those that came whole and were not received yet.
    """

    def __init__(self, registers: Registers, *, timeout_s: float | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._registers = registers
        self._timeout_s = timeout_s
        self._clock = clock
        self.packets: deque[Beats] = deque()
        self._partial: list[int] = []

    async def send(self, beats: ArrayLike, *, last: bool = True) -> None:
        """Send ``beats``, with TLAST on the final one where ``last``; raises as :meth:`send_marked` does."""
        plain = protocol.MAILBOX_TX
        writes = [(plain, word) for word in np.asarray(beats, np.uint32).tolist()]
        if last and writes:
            writes[-1] = protocol.MAILBOX_TX_LAST, writes[-1][1]
        await self._send(writes)

    async def send_marked(self, beats: Iterable[tuple[int, bool]]) -> None:
        """Send beats that come with their TLAST. Packets that arrive meanwhile are kept for :meth:`receive`.

        Raises
        ------
        LinkTimeoutError
            If the core took nothing for so long as was said.
        """
        await self._send([(protocol.MAILBOX_TX_LAST if final else protocol.MAILBOX_TX, word) for word, final in beats])

    async def _send(self, writes: Sequence[tuple[int, int]]) -> None:
        sent, since = 0, self._clock()
        while sent < len(writes):
            room = await self._registers.read(protocol.MAILBOX_TX_STATUS)
            if room:
                since = self._clock()
            elif _passed(self._clock() - since, self._timeout_s):
                raise LinkTimeoutError(f"The core took {sent} of {len(writes)} beats, then none for "
                                       f"{self._timeout_s} s; read its status and errors, and reset it")
            # Beats that there is room for go in one call: on a processor they are what takes the time.
            await self._registers.write_all(writes[sent:sent + room])
            sent += room
            # A core that cannot send its packets takes no beats either.
            await self._drain()

    async def receive(self, timeout_s: float | None = None) -> Beats:
        """The next packet, without its TLAST; None waits for it without end.

        Raises
        ------
        LinkTimeoutError
            If no whole packet came within ``timeout_s``.
        """
        began = self._clock()
        await self._drain()
        while not self.packets:
            if _passed(self._clock() - began, timeout_s):
                raise LinkTimeoutError(f"No packet came within {timeout_s} s ({len(self._partial)} beats of one did); "
                                       "read the core's status and errors")
            await self._drain()
        return self.packets.popleft()

    async def _drain(self) -> None:
        """Take what waits, and keep whole packets apart from the beginning of the next."""
        while (status := await self._registers.read(protocol.MAILBOX_RX_STATUS)) & protocol.MAILBOX_RX_WAITS:
            self._partial.append(await self._registers.read(protocol.MAILBOX_RX))
            if status & protocol.MAILBOX_RX_LAST:
                self.packets.append(np.array(self._partial, np.uint32))
                self._partial = []


def _passed(seconds: float, timeout_s: float | None) -> bool:
    return timeout_s is not None and seconds > timeout_s
