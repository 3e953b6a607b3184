"""The address window of a core that lies behind a socket: a rehearsal's, in a simulator. Standard library only.

Both ends of it, and all that passes between them. The far end writes in the order it was told to, and answers reads;
a write that was refused there is said with the next answer.
"""

import socket
import struct
from collections.abc import Callable
from pathlib import Path

from rtl_gen.contract.errors import SnnfpgaError

__all__ = ["RemoteError", "RemoteMmio", "serve"]

READ, WRITE = 0, 1
_ORDER = struct.Struct("<BII")      # READ or WRITE, the offset, the value of a write
_ANSWER = struct.Struct("<BI")      # 0 and the value; or 1 and the length of the text that follows
_MOST_WRITES = 4096                 # that wait for a read


class RemoteError(SnnfpgaError):
    """Nothing answers at the socket, or an access was refused there; the message says which."""


class RemoteMmio:
    """An address window: a :class:`board.host.link.Mmio` as ``pynq.MMIO`` is.

    Parameters
    ----------
    path
        Of a Unix socket at which :func:`serve` listens.

    Raises
    ------
    RemoteError
        If none does.
    """

    def __init__(self, path: str | Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise RemoteError(f"No core answers at {path} ({error.strerror or error}); leave --link out on a "
                              "board") from None
        self._answers = self._socket.makefile("rb")
        self._waiting: list[bytes] = []

    def read(self, offset: int) -> int:
        """Read the word at ``offset``, in bytes, after all writes before it; raises :exc:`RemoteError`."""
        self._waiting.append(_ORDER.pack(READ, offset, 0))
        self._send()
        refused, value = _ANSWER.unpack(self._take(_ANSWER.size))
        if refused:
            raise RemoteError(self._take(value).decode())
        return value

    def write(self, offset: int, value: int) -> None:
        """Write the word at ``offset``, in bytes, before whatever comes next."""
        self._waiting.append(_ORDER.pack(WRITE, offset, value))
        if len(self._waiting) >= _MOST_WRITES:
            self._send()

    def close(self) -> None:
        """Let the other end go, once it has done all writes."""
        self._send()
        self._answers.close()
        self._socket.close()

    def _send(self) -> None:
        orders, self._waiting = b"".join(self._waiting), []
        try:
            self._socket.sendall(orders)
        except OSError as error:
            raise RemoteError(f"The core behind the link is gone ({error.strerror or error})") from None

    def _take(self, size: int) -> bytes:
        try:
            found = self._answers.read(size)
        except OSError:
            found = b""
        if len(found) < size:
            raise RemoteError("The core behind the link is gone: it gave no answer")
        return found


def serve(listener: socket.socket, read: Callable[[int], int], write: Callable[[int, int], None]) -> None:
    """Let one program reach a core's window, until it leaves.

    Parameters
    ----------
    listener
        A Unix socket that listens.
    read, write
        Access to a word by its offset, in bytes; what they raise is told to the program.
    """
    visitor, _ = listener.accept()
    refused = ""
    with visitor, visitor.makefile("rb") as orders:
        while len(order := orders.read(_ORDER.size)) == _ORDER.size:
            kind, offset, value = _ORDER.unpack(order)
            try:
                if kind == WRITE:
                    write(offset, value)
                    continue
                answer = read(offset)
            except Exception as error:
                refused = refused or f"{type(error).__name__}: {error}"
                if kind == WRITE:
                    continue
            if refused:
                text, refused = refused.encode(), ""
                visitor.sendall(_ANSWER.pack(1, len(text)) + text)
            else:
                visitor.sendall(_ANSWER.pack(0, answer))
