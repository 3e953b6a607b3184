"""The swept costs as a page of curves over the window, one for each block depth."""

from collections.abc import Callable, Sequence

from ..config.models import Config
from ..report.figures import axis, colour, layout
from ..report.page import Page, Section, render
from ..report.parts import Figure
from .measure import Cell

_SHOWN: tuple[tuple[str, str, str, Callable[[Cell], int]], ...] = (
    ("Multiplies", "Products of two real values in the backward pass of a batch.", "multiplies",
     lambda c: c.cost.backward.multiplies),
    ("Multiplies and accumulates", "The same, and the additions that spikes and signs cause.", "operations",
     lambda c: c.cost.backward.multiplies + c.cost.backward.accumulates),
    ("Dense", "The same if every pair counted, spike or not.", "operations", lambda c: c.cost.backward.dense),
    ("Words moved", "Values that products and updates read and write.", "words", lambda c: c.cost.words),
    ("Activations", "What is kept for the backward pass, at its peak.", "bytes", lambda c: c.peak_activation_bytes))


def page(config: Config, cells: Sequence[Cell]) -> str:
    """HTML of the whole sweep."""
    sections = tuple(Section(title, about, (_curves(title, unit, cells, value),))
                     for title, about, unit, value in _SHOWN)
    return render(Page(f"Cost of {config.learning.rule} in {config.name}",
                       f"Counted in real batches of {cells[0].batch} samples.", sections,
                       "Written by `snnfpga cost`."))


def _curves(title: str, unit: str, cells: Sequence[Cell], value: Callable[[Cell], int]) -> Figure:
    data = []
    for number, depth in enumerate(sorted({cell.block for cell in cells})):
        mine = sorted((cell for cell in cells if cell.block == depth), key=lambda cell: cell.window)
        data.append({"type": "scatter", "mode": "lines+markers", "name": f"blocks of {depth}",
                     "x": [cell.window for cell in mine], "y": [value(cell) for cell in mine],
                     "line": {"color": colour(number), "width": 2}})
    return Figure(title, data, layout(axis("window K"), axis(unit, rangemode="tozero"), showlegend=True), 330)
