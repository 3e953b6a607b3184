"""One sample's way through the network, step by step: events, spikes of each layer, answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.network import Network
from sim.reference.grid import pooled
from sim.reference.levels import Levels, read_steps
from sim.reference.network import Reference

from .figures import LINE, MUTED, SOFT, axis, colour, layout
from .parts import Figure

Spikes = NDArray[np.uint8]
PANEL = 130     # height of a panel, about, in pixels


@dataclass(frozen=True)
class Traced:
    """What the integer reference did with a sample.

    Attributes
    ----------
    events
        (T, inputs), the input.
    spikes
        For each block and layer (T, outputs).
    answers
        (T, classes): the network's answers after each step.
    label, prediction
        Classes.
    """

    events: Spikes
    spikes: list[list[Spikes]]
    answers: NDArray[np.int64]
    label: int
    prediction: int


def trace(network: Network, events: Spikes, label: int) -> Traced:
    """Run a sample, (T, inputs), on the reference, without learning.

    Raises
    ------
    ValueError
        As :meth:`sim.reference.network.Reference.run`, or if the answers that are built up step by step do not end
        where the reference ended.
    """
    result = Reference(network).run(events, 0, learn=False, trace=True)
    if result.spikes is None:
        raise ValueError("A result that is drawn must have a trace")
    readout, last = network.spec.blocks[-1].readout, result.spikes[-1][-1]
    answer, unused, rows = np.zeros(readout.classes, np.int64), np.zeros(readout.classes, np.int64), []
    counts, levels = pooled(readout.pool, last), Levels.at_rest(readout.classes)
    for step in range(len(last)):
        read_steps(readout, network.readouts[-1], counts[step:step + 1], 1, levels, answer, unused)
        rows.append(answer.copy())
    if not np.array_equal(rows[-1], result.answers[-1]):
        raise ValueError(f"Answers must end at the reference's {result.answers[-1].tolist()}, not {rows[-1].tolist()}")
    return Traced(events, result.spikes, np.stack(rows), label, result.prediction)


def figure(traced: Traced, windows: Sequence[int]) -> Figure:
    """The trace as panels one below the other on one axis of steps.

    Parameters
    ----------
    windows
        K of each block; dotted lines stand where a window ends.
    """
    panels = [("input events", traced.events, windows[0], SOFT)]
    for block, layers in enumerate(traced.spikes):
        for index, spikes in enumerate(layers):
            name = f"block {block}" if len(layers) == 1 else f"block {block}, layer {index}"
            panels.append((f"{name}: {spikes.shape[1]} neurons", spikes, windows[block], colour(block)))
    spans = _spans(len(panels) + 1)
    data = [_dashes(spikes, _axis(row), paint) for row, (_, spikes, _, paint) in enumerate(panels)]
    data += _answers(traced, _axis(len(panels)))
    steps = len(traced.events)
    shapes = [{"type": "line", "xref": "x", "x0": end - 0.5, "x1": end - 0.5, "yref": f"{_axis(row)} domain",
               "y0": 0, "y1": 1, "line": {"color": SOFT, "width": 1, "dash": "dot"}}
              for row, window in enumerate([*(panel[2] for panel in panels), windows[-1]])
              for end in range(window, steps, window) if steps // window <= 64]
    names = [*(panel[0] for panel in panels), "answer of each class so far"]
    titles = [{"text": name, "xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": top, "yanchor": "bottom",
               "showarrow": False, "font": {"color": SOFT, "size": 12}}
              for name, (_, top) in zip(names, spans, strict=True)]
    axes = {_axis(row).replace("y", "yaxis"): axis("answer" if row == len(panels) else "index", domain=list(span),
                                                   showgrid=False) for row, span in enumerate(spans)}
    for row, (_, spikes, _, _) in enumerate(panels):
        axes[_axis(row).replace("y", "yaxis")]["range"] = [-0.5, spikes.shape[1] - 0.5]
    frame = layout(axis("step", anchor=_axis(len(panels)), range=[-0.5, steps - 0.5], showgrid=False), {},
                   shapes=shapes, annotations=titles, hovermode="closest",
                   legend={"orientation": "h", "x": 0, "y": 1.04, "yanchor": "bottom"}, showlegend=True)
    return Figure("One sample, step by step", data, {**frame, **axes}, (PANEL + 40) * len(spans) + 90)


def _axis(row: int) -> str:
    """Plotly's name for the axis of the values of panel ``row``."""
    return f"y{row + 1}" if row else "y"


def _spans(count: int, gap: float = 0.06) -> list[tuple[float, float]]:
    """Domains of ``count`` panels, the first at the top."""
    height = (1 - gap * (count - 1)) / count
    tops = [1 - row * (height + gap) for row in range(count)]
    return [(max(0.0, round(top - height, 5)), round(top, 5)) for top in tops]


def _dashes(spikes: Spikes, y: str, paint: str) -> dict[str, Any]:
    """Each spike a dash as long as most of its step. A dash is never thinner than a pixel, so none is lost."""
    steps, neurons = np.nonzero(spikes)
    xs = [place for step in steps.tolist() for place in (step - 0.4, step + 0.4, None)]
    ys = [place for neuron in neurons.tolist() for place in (neuron, neuron, None)]
    return {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "yaxis": y, "hoverinfo": "skip", "showlegend": False,
            "line": {"color": paint, "simplify": False,
                     "width": round(min(4, max(1, 0.7 * PANEL / spikes.shape[1])), 1)}}


def _answers(traced: Traced, y: str) -> list[dict[str, Any]]:
    """A line for each class; label and prediction stand out, and are drawn last."""
    roles = {traced.prediction: ("prediction", "var(--warn)")}
    roles[traced.label] = ("label", "var(--good)")
    if traced.label == traced.prediction:
        roles[traced.label] = ("label and prediction", "var(--good)")
    classes = [c for c in range(traced.answers.shape[1]) if c not in roles] + list(roles)
    lines = []
    for c in classes:
        role, paint = roles.get(c, ("other classes", LINE if traced.answers.shape[1] > 20 else MUTED))
        other = c not in roles
        lines.append({"type": "scatter", "mode": "lines", "x": list(range(len(traced.answers))), "yaxis": y,
                      "y": traced.answers[:, c].tolist(), "name": role if other else f"class {c}: {role}",
                      "legendgroup": "others" if other else str(c), "showlegend": not other or c == classes[0],
                      "line": {"color": paint, "width": 1 if other else 3},
                      "hovertemplate": f"class {c} after step %{{x}}: %{{y}}<extra></extra>"})
    return lines
