"""Numbers into Plotly figures. A colour is a name of the style sheet, so that light and dark are one figure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .parts import Figure

Trace = dict[str, Any]
Curves = Mapping[str, Sequence[float | None]]

COLOURS = tuple(f"var(--c{index})" for index in range(6))
MUTED, LINE, INK, SOFT = "var(--muted)", "var(--line)", "var(--ink)", "var(--soft)"
CLEAR = "rgba(0,0,0,0)"
DASHES = ("solid", "dash", "dot", "dashdot")
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif"      # as in the style sheet


def colour(index: int) -> str:
    """Colour of block or layer ``index``."""
    return COLOURS[index % len(COLOURS)]


def axis(title: str, **changes: Any) -> dict[str, Any]:
    """An axis of every figure."""
    return {"title": {"text": title, "standoff": 8, "font": {"size": 13}}, "gridcolor": LINE, "linecolor": LINE,
            "zeroline": False, "automargin": True, "ticks": "outside", "tickcolor": LINE, **changes}


def layout(x: dict[str, Any], y: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The layout of every figure: no ground of its own, legend above."""
    return {"paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR, "font": {"color": INK, "size": 13, "family": FONT},
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8}, "xaxis": x, "yaxis": y, "hovermode": "x unified",
            "hoverlabel": {"bgcolor": "var(--card)", "font": {"color": INK}},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}, **changes}


def over_epochs(title: str, unit: str, epochs: Sequence[int], curves: Curves, *, scale: float = 1,
                y: Mapping[str, Any] = {}) -> Figure:
    """One curve for each name; those whose name starts with ``train`` are dashed and grey."""
    data, drawn = [], 0
    for name, values in curves.items():
        training = name.startswith("train")
        shown = [None if value is None or not math.isfinite(value) else round(scale * value, 5) for value in values]
        line = {"color": MUTED, "dash": "dash"} if training else {"color": colour(drawn)}
        data.append({"type": "scatter", "mode": "lines+markers" if len(epochs) < 40 else "lines", "name": name,
                     "x": list(epochs), "y": shown, "line": {**line, "width": 2}, "marker": {"size": 5}})
        drawn += not training
    ticks = {"dtick": 1} if len(epochs) <= 10 else {}
    return Figure(title, data, layout(axis("epoch", **ticks), axis(unit, **y), showlegend=True), 330)


def histogram(title: str, weights: Mapping[str, NDArray[np.int32]], most: int = 64) -> Figure:
    """Share of a layer's weights at each value; neighbouring values go together until there are at most ``most``."""
    low = min(int(values.min()) for values in weights.values())
    high = max(int(values.max()) for values in weights.values())
    wide = max(1, math.ceil((high - low + 1) / most))
    edges = np.arange(low, high + wide + 1, wide)
    data = []
    for index, (name, values) in enumerate(weights.items()):
        counts, _ = np.histogram(values, edges)
        data.append({"type": "scatter", "mode": "lines", "name": name, "x": edges.tolist(),
                     "y": [*(round(100 * count / values.size, 4) for count in counts.tolist()), 0],
                     "line": {"shape": "hv", "color": colour(index), "width": 2}})
    unit = "weight" if wide == 1 else f"weight, {wide} values together"
    return Figure(title, data, layout(axis(unit), axis("% of the weights", rangemode="tozero"), showlegend=True), 330)


def against(title: str, x: dict[str, Any], y: dict[str, Any], places: Sequence[float], curves: Curves,
            mark: tuple[float, str] | None = None) -> Figure:
    """One curve for each name over the first of ``places``, as many as it has values.

    ``mark`` is a place on x, as a value even where the axis is logarithmic, and the words to write there. Curves differ
    in their dashes as well as in colour, so that one that lies on another is seen.
    """
    data = [{"type": "scatter", "mode": "lines", "name": name, "x": list(places)[:len(values)], "y": list(values),
             "line": {"color": colour(index), "width": 3, "dash": DASHES[index % len(DASHES)]}}
            for index, (name, values) in enumerate(curves.items())]
    more: dict[str, Any] = {}
    if mark is not None:
        place, words = mark
        more = {"shapes": [{"type": "line", "x0": place, "x1": place, "yref": "paper", "y0": 0, "y1": 1,
                            "line": {"color": SOFT, "dash": "dot", "width": 1}}],
                "annotations": [{"x": math.log10(place) if x.get("type") == "log" else place, "yref": "paper", "y": 1,
                                 "yanchor": "top", "xanchor": "left", "text": words, "showarrow": False,
                                 "font": {"color": SOFT, "size": 12}}]}
    return Figure(title, data, layout(x, y, showlegend=True, **more), 340)


def heat(title: str, columns: str, rows: str, counts: NDArray[np.int64], written: int = 16) -> Figure:
    """A map of ``counts``, square: the darker, the larger a row's share; up to ``written`` rows each is written down.

    Parameters
    ----------
    columns, rows
        What the axes are called.
    """
    size = len(counts)
    names = [str(label) for label in range(size)]
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    text = [[str(count) if count else "" for count in row] for row in counts.tolist()]
    data = [{"type": "heatmap", "x": names, "y": names, "z": np.round(shares, 2).tolist(), "text": text,
             "texttemplate": "%{text}" if size <= written else "", "zmin": 0, "zmax": 100, "xgap": 1, "ygap": 1,
             "colorscale": [[0, "var(--faint)"], [1, "var(--c0)"]],
             "hovertemplate": f"{rows} %{{y}}, {columns} %{{x}}: %{{text}}, %{{z}} %<extra></extra>",
             "colorbar": {"title": {"text": "% of the row"}, "outlinewidth": 0}}]
    # Names are words here: as numbers an axis would run between them, and upwards.
    x = axis(columns, type="category", showgrid=False, constrain="domain")
    y = axis(rows, type="category", showgrid=False, autorange="reversed", scaleanchor="x", constrain="domain")
    return Figure(title, data, layout(x, y, hovermode="closest", showlegend=False), min(640, 200 + 32 * size))
