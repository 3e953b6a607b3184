"""What a verb gives back: plain values, as JSON, and as tables in a terminal and in a notebook."""

import html
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group

from ..console import UNBOUNDED, rich_table


@dataclass(frozen=True)
class Table:
    """A table for people.

    Attributes
    ----------
    title, header
        Words above it, and above its columns.
    rows
        What is in it; a cell is printed as :class:`str` writes it.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]

    def __rich__(self) -> Any:
        return rich_table(self.title, self.header, self.rows)

    def _repr_html_(self) -> str:
        def line(cells: Iterable[object], tag: str) -> str:
            inner = "".join(f"<{tag} style=text-align:left>{html.escape(str(cell))}</{tag}>" for cell in cells)
            return f"<tr>{inner}</tr>"

        body = "".join(line(row, "td") for row in self.rows)
        return (f"<table><caption style=text-align:left>{html.escape(self.title)}</caption>"
                f"<thead>{line(self.header, 'th')}</thead><tbody>{body}</tbody></table>")


class Shown(ABC):
    """What a verb gives back: ``repr`` and notebooks show its tables, and :meth:`to_dict` is what ``--json`` prints."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the verb's ``--json`` prints them (docs/commands.md)."""

    @abstractmethod
    def tables(self) -> list[Table]:
        """Tables, as the verb prints them without ``--json``."""

    def __rich__(self) -> Any:
        return Group(*self.tables())

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables())

    def __repr__(self) -> str:
        text = io.StringIO()
        Console(file=text, width=UNBOUNDED, force_terminal=False).print(self)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
