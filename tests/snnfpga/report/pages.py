"""A page as its reader sees it, and a build to make one of."""

import json
import re
from html import unescape
from pathlib import Path

from plotly.graph_objects import Figure

from board.plan import BuildPlan, write
from board.registry import get
from board.report import report as board_report
from rtl_gen.contract import network_file

EPOCHS = [
    {"epoch": 1, "seconds": 1.5, "rate": 0.1, "losses": [1.5, None], "train_accuracy": 0.25,
     "test_accuracies": [0.5, 0.375], "firing_rates": [[0.125], [0.25]]},
    {"epoch": 2, "seconds": 3.25, "rate": 0.05, "losses": [float("nan"), None], "train_accuracy": 0.75,
     "test_accuracies": [0.625, 0.875], "firing_rates": [[0.1], [0.2]]}]


def make_build(folder, made, resources=None):
    network_file.write("in_build.safetensors", made)
    found = board_report(made.spec, get("pynq-z2"), resources=resources,
                         logic_delay_ps=None if resources is None else 5600)
    write(BuildPlan("small-pynq-z2", {"board": "pynq-z2"}, {
        "network.safetensors": Path("in_build.safetensors").read_bytes(),
        "report.json": json.dumps(found).encode()}), folder)
    Path("in_build.safetensors").unlink()
    return found


def figures(html):
    """Figures of a page by title, each accepted by Plotly."""
    found = re.findall(r'<h3>([^<]*)</h3>.*?<script type="application/json" class="figure">(.*?)</script>', html, re.S)
    parsed = {unescape(title): json.loads(text) for title, text in found}
    for figure in parsed.values():
        Figure(figure)      # raises where a trace or a layout has what there is not
    return parsed


def curves(figure):
    return {trace["name"]: trace["y"] for trace in figure["data"]}


def text(html):
    """The words of a page, without scripts, styles and markup."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", bare).replace("\u202f", "").split())
