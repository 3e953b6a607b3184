"""What a section can show: headline numbers, tables, bars, figures, words. Each knows its HTML."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol


class Part(Protocol):
    """Something that a section shows."""

    def html(self) -> str: ...


def prose(text: str) -> str:
    """``text`` as HTML; words in backquotes become code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: str

    def html(self) -> str:
        return f"<p>{prose(self.text)}</p>"


@dataclass(frozen=True)
class Verdict:
    """A line that says whether something is as it must be."""

    good: bool
    text: str

    def html(self) -> str:
        return f'<p class="verdict {"good" if self.good else "bad"}">{prose(self.text)}</p>'


@dataclass(frozen=True)
class Folded:
    """Details that are shown when asked for."""

    title: str
    part: Part

    def html(self) -> str:
        return f"<details><summary>{escape(self.title)}</summary>{self.part.html()}</details>"


@dataclass(frozen=True)
class Tiles:
    """Headline numbers: each a value and what it is."""

    tiles: Sequence[tuple[str, str]]

    def html(self) -> str:
        return '<div class="tiles">' + "".join(
            f'<div class="tile"><b>{escape(value)}</b><span>{prose(about)}</span></div>'
            for value, about in self.tiles) + "</div>"


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows; columns of numbers alone stand to the right.

    One that is of ``keys`` breaks its values anywhere, so that long ones do not widen it.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""
    keys: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"A row must have {len(self.header)} cells as the header has, not {len(row)}")

    def html(self) -> str:
        right = [column > 0 and all(isinstance(row[column], (int, float)) for row in self.rows)
                 for column in range(len(self.header))]
        kinds = [' class="number"' if number else "" for number in right]
        head = "".join(f'<th scope="col"{kind}>{escape(words)}</th>'
                       for words, kind in zip(self.header, kinds, strict=True))
        body = "".join(f'<tr><th scope="row">{_cell(row[0])}</th>' + "".join(
            f"<td{kind}>{_cell(cell)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True)) + "</tr>"
            for row in self.rows)
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        kind = ' class="keys"' if self.keys else ""
        return (f'<div class="scroll"><table{kind}>{caption}<thead><tr>{head}</tr></thead>'
                f"<tbody>{body}</tbody></table></div>")


def _cell(value: object) -> str:
    return escape(number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value))


def number(value: float) -> str:
    """A number as people read it: thousands apart, no more digits than say something."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.4g}" if abs(value) < 1000 else number(round(value))


@dataclass(frozen=True)
class Bars:
    """Amounts out of a whole, each a name, the amount and the whole; one that is more than the whole stands out."""

    rows: Sequence[tuple[str, float, float]]

    def html(self) -> str:
        return '<div class="bars">' + "".join(self._bar(*row) for row in self.rows) + "</div>"

    def _bar(self, name: str, amount: float, whole: float) -> str:
        share = amount / whole
        kind = "over" if share > 1 else "some" if share else "none"
        return (f'<div><div class="bar-words"><span>{escape(name)}</span><span>{number(amount)} of {number(whole)} '
                f'({100 * share:.1f} %)</span></div><div class="bar" aria-hidden="true">'
                f'<i class="{kind}" style="width:{min(100 * share, 100):.2f}%"></i></div></div>')


@dataclass(frozen=True)
class Figure:
    """A Plotly figure.

    Attributes
    ----------
    title
        What it shows, for those who hear the page as well.
    data, layout
        As Plotly takes them; a colour written ``var(--c0)`` is the style sheet's.
    height
        In pixels.
    """

    title: str
    data: Sequence[dict[str, Any]]
    layout: dict[str, Any]
    height: int

    def html(self) -> str:
        # In a script element only "</" and "<!--" end or confuse the JSON.
        values = json.dumps({"data": list(self.data), "layout": {**self.layout, "height": self.height}},
                            separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
        return (f'<figure><h3>{escape(self.title)}</h3><div class="plot" role="img" aria-label="{escape(self.title)}" '
                f'style="height:{self.height}px"></div>'
                f'<script type="application/json" class="figure">{values}</script></figure>')
