"""What a verb gives back: plain values, as JSON, and as tables in a terminal and in a notebook."""

import html
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group

from ..console import UNBOUNDED, rich_table

# A notebook may be light or dark: text has its colour, and a line is grey on either. Some keep no style sheets.
WHOLE = "border-collapse:collapse;margin:0 0 1em 0"
TITLE = "caption-side:top;text-align:left;font-weight:bold;color:inherit;padding:0 0 .3em 0"
CELL = "padding:.2em 1.2em .2em 0;vertical-align:top;white-space:pre-wrap"
RULED = ";border-bottom:1px solid #888"
NUMBER = re.compile(r"[+-]?[0-9.,]*(e[+-][0-9]+)?( %)?")      # a column of these stands at its right


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
        sides = ["right" if all(NUMBER.fullmatch(str(cell)) for cell in column) else "left"
                 for column in zip(*self.rows, strict=True)] or ["left"] * len(self.header)

        def line(cells: Iterable[object], tag: str, more: str = "") -> str:
            inner = "".join(f'<{tag} style="{CELL};text-align:{side}{more}">{html.escape(str(cell))}</{tag}>'
                            for cell, side in zip(cells, sides, strict=True))
            return f"<tr>{inner}</tr>"

        body = "".join(line(row, "td") for row in self.rows)
        return (f'<div style="overflow-x:auto"><table style="{WHOLE}"><caption style="{TITLE}">'
                f"{html.escape(self.title)}</caption><thead>{line(self.header, 'th', RULED)}</thead>"
                f"<tbody>{body}</tbody></table></div>")


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
