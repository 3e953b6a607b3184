"""What people see: progress on standard error where it is a terminal, tables and JSON on standard output."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

Advance = Callable[..., None]


@contextmanager
def progress(title: str, total: int, done: int = 0) -> Iterator[Advance]:
    """A bar for ``total`` things; the function given advances it by one and may change its words.

    Nothing is shown where standard error is no terminal.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total, completed=done)

        def advance(steps: int = 1, words: str | None = None) -> None:
            bar.update(task, advance=steps, **({} if words is None else {"description": words}))

        yield advance


def print_table(title: str, header: Iterable[str], rows: Iterable[Iterable[object]], to_stderr: bool = False) -> None:
    """A table on standard output, or beside it."""
    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(stderr=to_stderr).print(table)


def say(line: str) -> None:
    """A line of progress on standard error."""
    Console(stderr=True, highlight=False).print(line)


def print_json(values: dict[str, Any]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(values))


def percent(share: float) -> str:
    """A share of 1 as people read it."""
    return f"{100 * share:.2f} %"
