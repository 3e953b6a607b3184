"""Measured accuracies as a page of curves with error bars, one file that needs no network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

from rtl_gen.contract.atomic import write_atomically
from snnfpga.report.figures import axis, colour, layout
from snnfpga.report.page import Page, Section, render
from snnfpga.report.parts import Figure

Curve = Mapping[int, Sequence[float]]       # accuracies of each place on the axis, in percent


def write(path: Path, title: str, about: str, x: str, figures: Mapping[str, Mapping[str, Curve]], command: str) -> None:
    """One figure for each of ``figures``, with its curves by name; ``x`` is what their axis counts."""
    sections = tuple(Section(name, "", (_figure(x, curves),)) for name, curves in figures.items())
    write_atomically(path, render(Page(title, about, sections, f"Written by `{command}`.")).encode())


def _figure(x: str, curves: Mapping[str, Curve]) -> Figure:
    places = sorted({place for curve in curves.values() for place in curve})
    data = [{"type": "scatter", "mode": "lines+markers", "name": name, "x": list(curve),
             "y": [mean(found) for found in curve.values()], "line": {"color": colour(number), "width": 2},
             "error_y": {"type": "data", "array": [stdev(found) if len(found) > 1 else 0 for found in curve.values()]}}
            for number, (name, curve) in enumerate(curves.items())]
    ticks = {"type": "log", "tickvals": places, "ticktext": [str(place) for place in places]}
    return Figure("Mean and deviation of the runs", data,
                  layout(axis(x, **ticks), axis("test accuracy, %"), showlegend=True), 330)
