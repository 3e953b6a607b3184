"""How healthy layers are, as a page of figures: bars over the layers, a colour for each window and block depth."""

from collections.abc import Callable, Sequence

from ..config.models import Config
from ..report.figures import axis, colour, layout
from ..report.page import Page, Section, render
from ..report.parts import Figure
from .diagnosis import Cell, LayerHealth

_SHOWN: tuple[tuple[str, str, str, Callable[[LayerHealth], float | None]], ...] = (
    ("Firing rates", "Spikes a neuron and step.", "rate", lambda health: health.rate),
    ("Near the threshold", "Share of the membranes whose surrogate derivative is not 0.", "share",
     lambda health: health.near),
    ("Gradients", "Norm of the gradient over that of the weights.", "ratio", lambda health: health.gradient),
    ("Direction", "Cosine between the gradient and that of end-to-end BPTT.", "cosine", lambda health: health.cosine))


def page(config: Config, cells: Sequence[Cell]) -> str:
    """HTML of a diagnosis, or of a sweep of them."""
    sections = tuple(Section(title, about, (_bars(title, unit, cells, value),)) for title, about, unit, value in _SHOWN)
    return render(Page(f"Gradients of {config.learning.rule} in {config.name}",
                       f"One batch of {config.training.batch} samples.", sections, "Written by `snnfpga diagnose`."))


def _bars(title: str, unit: str, cells: Sequence[Cell], value: Callable[[LayerHealth], float | None]) -> Figure:
    data = []
    for number, cell in enumerate(cells):
        data.append({"type": "bar", "name": f"K {cell.window}, blocks of {cell.block}",
                     "x": [f"layer {index}" for index in range(len(cell.layers))],
                     "y": [value(health) for health in cell.layers], "marker": {"color": colour(number)}})
    return Figure(title, data, layout(axis("layer"), axis(unit), showlegend=True), 330)
