"""What a network answers to the windows of samples whose steps have labels: all of the test split, and one by steps."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.network import Network
from sim.reference.grid import pooled
from sim.reference.levels import Levels, read_steps

from ..backends.windows import WindowScore, check_windows
from ..console import percent
from ..data.dataset import Split
from .figures import INK, SOFT, against, axis, colour, layout
from .page import Section
from .parts import Figure, Table, Tiles
from .raster import Traced


def labelled_windows(network: Network, test: Split, name: str, sources: tuple[Path, ...]) -> Section:
    """How many labelled windows of ``test``, of the data ``name``, the reference answers right, when, and as what.

    Raises
    ------
    DataError
        If there is none.
    """
    from ..backends.registry import make

    block = network.spec.blocks[-1]
    check_windows(block, test, f"data {name}, its test samples,")
    score = WindowScore(block, test)
    for number, trace in enumerate(make("reference", network).run(test, lambda done=1: None, trace=False)):
        score.add(number, trace)
    about = (f"Labels change within a sample here, so a window of {block.window} steps is what is answered: its label "
             "is that of its last step that has one, its answer the class of the largest logit at its end. Look for a "
             "curve that does not fall, and for counts on the diagonal.")
    classes = range(len(score.confusion))
    shares = [right / labelled if labelled else None for right, labelled in score.by_window.tolist()]
    places = [min((number + 1) * block.window, test.spikes.shape[1]) - 1 for number in range(len(shares))]
    curve = [None if share is None else round(100 * share, 3) for share in shares]
    return Section("Labelled windows", about, (
        Tiles([(percent(score.accuracy, score.labelled), "of the labelled windows of the test split answered right"),
               (f"{score.right} of {score.labelled}", "windows")]),
        against("Accuracy over the steps of samples", axis("step in which the window ends"),
                axis("% right", range=[0, 101]), places, {"windows": curve}),
        Table(("label", *(f"answer {answer}" for answer in classes)),
              [(str(label), *score.confusion[label].tolist()) for label in classes])), sources)


def sample_figures(network: Network, traced: Traced, labels: NDArray[np.int8]) -> tuple[Figure, Figure]:
    """A sample's ``labels`` (T,) beside the answers to its windows, and the logits by which they are given."""
    block, logits = network.spec.blocks[-1], _logits(network, traced)
    steps = list(range(len(logits)))
    ends = [min(start + block.window, len(logits)) - 1 for start in range(0, len(logits), block.window)]
    answers = [int(logits[end].argmax()) for end in ends]
    classes = axis("class", dtick=1, range=[-0.5, logits.shape[1] - 0.5])
    shown = Figure("Label of each step, answer to each window", [
        {"type": "scatter", "mode": "lines", "name": "label", "x": steps, "line": {"color": SOFT, "width": 8},
         "y": [None if label < 0 else int(label) for label in labels], "connectgaps": False},
        {"type": "scatter", "mode": "markers", "name": "answer, at the window's end", "x": ends, "y": answers,
         "marker": {"color": INK, "size": 9, "symbol": "diamond"}}],
        layout(axis("step"), classes, showlegend=True), 60 + 40 * min(10, logits.shape[1]) + 90)
    lines = [{"type": "scatter", "mode": "lines", "name": f"class {c}", "x": steps, "y": logits[:, c].tolist(),
              "line": {"color": colour(c), "width": 2}} for c in range(logits.shape[1])]
    return shown, Figure("Logit of each class after each step", lines,
                         layout(axis("step"), axis("logit"), showlegend=True), 330)


def _logits(network: Network, traced: Traced) -> NDArray[np.int64]:
    """(T, classes): the last block's logits after each step."""
    block, last = network.spec.blocks[-1], traced.spikes[-1][-1]
    counts = pooled(block.readout.pool, last)
    logit, unused = np.zeros((2, block.readout.classes), np.int64)
    rows, levels = [], Levels.at_rest(block.readout.classes)
    for step in range(len(last)):
        position = step % block.window
        if position == 0 and block.readout.accumulate == "window":
            logit[:] = 0
        first = block.window - block.loss_steps
        read_steps(block.readout, network.readouts[-1], counts[step:step + 1], 0 if position >= first else 1, levels,
                   unused, logit)
        rows.append(logit.copy())
    return np.stack(rows)
