"""The frame of a report: sections one below the other in one HTML file that needs no network."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path

from .parts import Part, prose

# Nothing may be loaded from anywhere; `data:` and `blob:` are pictures that Plotly makes itself.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"

# Curves, bars and maps: a third of all that Plotly draws. From npm's plotly.js-cartesian-dist-min, as it is there.
PLOTLY = "plotly-cartesian.min.js"

_MARK = '<meta name="generator" content="snnfpga">'


@dataclass(frozen=True)
class Section:
    """One subject of a report.

    Attributes
    ----------
    title
        Its heading.
    about
        What the reader sees and what to look for; words in backquotes become code.
    parts
        What it shows; none where it is missing.
    sources
        The files it comes from, by which it is dated.
    missing
        Where there is nothing to show: what is not there and which command makes it.
    """

    title: str
    about: str
    parts: tuple[Part, ...] = ()
    sources: tuple[Path, ...] = ()
    missing: str | None = None

    def __post_init__(self) -> None:
        if (not self.parts) != (self.missing is not None):
            raise ValueError(f"Section {self.title} must either show something or say what is missing")

    @property
    def anchor(self) -> str:
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


@dataclass(frozen=True)
class Page:
    """A whole report: what it is of, in a line and in words, its sections, and where they come from."""

    title: str
    about: str
    sections: tuple[Section, ...]
    closing: str = "Everything on this page comes from the files named under each section. Written by `snnfpga report`."

    @property
    def missing(self) -> dict[str, str]:
        """Titles of the sections that have nothing to show, and why."""
        return {section.title: section.missing for section in self.sections if section.missing is not None}


def is_report(path: Path) -> bool:
    """Whether this file is a page of ours."""
    with path.open("rb") as file:
        return _MARK.encode() in file.read(len(_MARK) + 200)


def render(page: Page) -> str:
    """The page as HTML. The same files give the same bytes."""
    newest = max((path for section in page.sections for path in section.sources),
                 key=lambda path: path.stat().st_mtime, default=None)
    dated = "" if newest is None else f" The newest file is of {_when(newest)}."
    links = "".join(f'<a href="#{section.anchor}">{escape(section.title)}</a>' for section in page.sections)
    return "\n".join([
        '<!DOCTYPE html>', '<html lang="en">', '<head>', '<meta charset="utf-8">', _MARK,
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{escape(page.title)}</title>', f'<style>\n{_asset("page.css")}</style>', '</head>', '<body>',
        f'<header><h1>{escape(page.title)}</h1><p class="soft">{prose(page.about)}{dated}</p>'
        f'<nav aria-label="Sections">{links}</nav></header>',
        '<main>', *(_section(section) for section in page.sections), '</main>',
        f'<footer><p>{prose(page.closing)}</p></footer>',
        '<noscript><p>The figures need JavaScript; tables and numbers do not.</p></noscript>',
        f'<script>{_asset(PLOTLY)}</script>', f'<script>\n{_asset("page.js")}</script>', '</body>', '</html>', ''])


def _section(section: Section) -> str:
    body = [part.html() for part in section.parts]
    if section.missing is not None:
        body = [f'<div class="missing">{prose(section.missing)}</div>']
    return "\n".join([f'<section id="{section.anchor}">', f"<h2>{escape(section.title)}</h2>",
                      f'<p class="soft">{prose(section.about)}</p>', *body, *_from(section.sources), "</section>"])


def _from(sources: Iterable[Path]) -> list[str]:
    """Names of files, with that of their folder where they are of several, and when they were written."""
    paths = list(sources)
    several = len({path.parent for path in paths}) > 1
    words = ", ".join(f"<code>{escape(f'{path.parent.name}/{path.name}' if several else path.name)}</code> of "
                      f"{_when(path)}" for path in paths)
    return [f'<p class="from">From {words}.</p>'] if words else []


def _when(path: Path) -> str:
    """When a file was written last, to the second, on one line."""
    written = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    return f'<span class="nowrap">{written:%Y-%m-%d %H:%M:%S} UTC</span>'


def _asset(name: str) -> str:
    return (files("snnfpga.report") / name).read_text("utf-8")
