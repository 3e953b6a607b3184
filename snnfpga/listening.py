"""Who hears what is said on the way, and how far a thing is: a terminal, or a program that called a verb."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

Advance = Callable[..., None]       # called with how much was done, 1 where nothing is said
WARNING = "Warning: "               # what a line that warns begins with
OURS = __name__.partition(".")[0]


class SnnfpgaWarning(UserWarning):
    """What a verb warns of, where a Python program called it."""


@dataclass(frozen=True)
class Progress:
    """How far a verb is.

    Attributes
    ----------
    title
        What is being done.
    done, total
        So many things of so many; ``total`` is None where nobody knows.
    words
        What there is to say of it: of training, the epoch and its accuracies. Empty for nothing.
    """

    title: str
    done: int
    total: int | None
    words: str = ""


class Listener(Protocol):
    """What hears a verb."""

    def line(self, text: str) -> None:
        """Hear a line; one that begins with :data:`WARNING` warns."""

    def progress(self, title: str, total: int | None, done: int) -> AbstractContextManager[Advance]:
        """Follow ``total`` things, None for as many as it takes, of which ``done`` are done.

        The function given advances by a number of things, 1 where none is given, and may say ``words``.
        """


@dataclass(frozen=True)
class Program:
    """A program that called a verb: nothing is printed.

    Attributes
    ----------
    on_progress
        Called with each :class:`Progress`; None for not.
    on_line
        Called with each line, warnings too; where it is None, warnings go by :mod:`warnings`, and other lines nowhere.
    """

    on_progress: Callable[[Progress], object] | None = None
    on_line: Callable[[str], object] | None = None

    def line(self, text: str) -> None:
        """Hear a line."""
        if self.on_line is not None:
            self.on_line(text)
        elif text.startswith(WARNING):
            warnings.warn(text.removeprefix(WARNING), SnnfpgaWarning, stacklevel=_depth_of_caller())

    @contextmanager
    def progress(self, title: str, total: int | None, done: int) -> Iterator[Advance]:
        """Follow things."""
        state = Progress(title, done, total)

        def advance(steps: int = 1, words: str | None = None) -> None:
            nonlocal state
            state = Progress(title, state.done + steps, total, state.words if words is None else words)
            if self.on_progress is not None:
                self.on_progress(state)

        advance(0)
        yield advance


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listener() -> Listener | None:
    """Who listens; None where nobody said."""
    return _listener.get()


@contextmanager
def heard_by(one: Listener) -> Iterator[None]:
    """Within it ``one`` listens."""
    token = _listener.set(one)
    try:
        yield
    finally:
        _listener.reset(token)


def _depth_of_caller() -> int:
    """The ``stacklevel`` by which a warning of :meth:`Program.line` names the line that called this package."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and (
            str(frame.f_globals.get("__name__")).partition(".")[0] in (OURS, "contextlib")):
        depth, frame = depth + 1, frame.f_back
    return depth
