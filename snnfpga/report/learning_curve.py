"""Accuracy while a network learns on chip, as a figure."""

from typing import Any

from .figures import MUTED, Figure, axis, colour, layout


def learning_curve(points: list[dict[str, Any]]) -> Figure:
    """Accuracy on some test samples, and of the answers that were given on the way, over the lessons.

    Parameters
    ----------
    points
        As :class:`snnfpga.backends.lessons.Attended` has them: ``lessons``, ``accuracy`` and ``online``, each of the
        last two a share or None.
    """
    lessons = [point["lessons"] for point in points]
    curves = (("test samples", "accuracy", {"color": colour(0)}),
              ("answers on the way, before learning from each", "online", {"color": MUTED, "dash": "dash"}))
    data = [{"type": "scatter", "mode": "lines+markers", "name": name, "x": lessons,
             "y": [None if point[key] is None else round(100 * point[key], 2) for point in points],
             "line": {**line, "width": 2}, "marker": {"size": 5}} for name, key, line in curves]
    return Figure("Accuracy while it learns", data, layout(axis("lessons"), axis("% right"), showlegend=True), 330)
