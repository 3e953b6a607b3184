"""What people see: progress on standard error where it is a terminal, tables and JSON on standard output."""

import json
import shlex
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .listening import Advance, listener

UNBOUNDED = 10_000      # columns, where no terminal sets a bound


class Terminal:
    """Standard error, as a person sees it."""

    def line(self, text: str) -> None:
        """Print a line."""
        Console(stderr=True, highlight=False).print(text, soft_wrap=True)

    @contextmanager
    def progress(self, title: str, total: int | None, done: int) -> Iterator[Advance]:
        """A bar; nothing is shown where standard error is no terminal."""
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        shown = console.is_terminal or console.is_jupyter
        with Progress(*columns, console=console, disable=not shown, transient=True) as bar:
            task = bar.add_task(title, total=total, completed=done)

            def advance(steps: int = 1, words: str | None = None) -> None:
                bar.update(task, advance=steps, **({} if words is None else {"description": words}))

            yield advance


TERMINAL = Terminal()       # who listens where nobody said


def progress(title: str, total: int | None, done: int = 0) -> AbstractContextManager[Advance]:
    """Tell whoever listens of ``total`` things, None for as many as it takes.

    The function given advances it by one, or as many as it is given, and may change its words.
    """
    return (listener() or TERMINAL).progress(title, total, done)


def rich_table(title: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A table of which nothing is cut, as people type what they read there.

    Names in the first column stay on one line, other cells go on in the next.
    """
    first, *others = header
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    return table


def print_table(title: str, header: Iterable[str], rows: Iterable[Iterable[object]], to_stderr: bool = False) -> None:
    """Print :func:`rich_table` on standard output, or beside it.

    Where it goes to no terminal a line is as long as it has to be.
    """
    print_shown(rich_table(title, header, rows), to_stderr=to_stderr)


def print_shown(*things: Any, to_stderr: bool = False) -> None:
    """Print what Rich shows of ``things``; see :func:`print_table`."""
    console = Console(stderr=to_stderr)
    if not console.is_terminal:
        console.width = UNBOUNDED
    for thing in things:
        console.print(thing)


def say(line: str) -> None:
    """Tell whoever listens a line of progress; one that begins with ``Warning: `` warns."""
    (listener() or TERMINAL).line(line)


def print_json(values: dict[str, Any]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(values))


def percent(share: float, of: int | None = None) -> str:
    """A share as people read it, with no more decimals than one thing of ``of`` can change.

    That is none below 100 things, one below 1000, two from there on, and of what is not counted (None).
    """
    return f"{100 * share:.{2 if of is None or of >= 1000 else 1 if of >= 100 else 0}f} %"


def size(count: int) -> str:
    """A number of bytes as people read it: in bytes, KiB, MiB and so on, with three digits, or four from 1000 to 1023.
    """
    power = min(max(count.bit_length() - 1, 0) // 10, 8)
    much = count / (1 << 10 * power)
    unit = f"{'KMGTPEZY'[power - 1]}iB" if power else "bytes"
    return f"{much:.0f} {unit}" if much >= 999.5 else f"{much:.3g} {unit}"


def quoted(path: Path) -> str:
    """A path as it stands in a command that a person is to type."""
    return shlex.quote(str(path))
