"""Writes the drawings of docs/: ``python docs/drawings.py``. Narrow, for a phone; dark where the reader's pages are."""

from pathlib import Path

HERE = Path(__file__).parent
WIDTH = 400
STYLE = """
  text { font: 14px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #24292f; text-anchor: middle }
  .small { font-size: 12px; fill: #57606a } .title { font-weight: 600 } .left { text-anchor: start }
  rect { stroke: #57606a; stroke-width: 1.2; rx: 6px } .frame { fill: none; stroke-dasharray: 5 4 }
  .engine { fill: #d6e6ff } .memory { fill: #fff0c8 } .part { fill: #f0f1f3 } .learns { fill: #d9f2de }
  path { fill: none; stroke: #57606a; stroke-width: 1.6 } .head { fill: #57606a; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #b1bac4 } rect, path { stroke: #9ea7b3 } .head { fill: #9ea7b3 }
    .engine { fill: #1f3a63 } .memory { fill: #574510 } .part { fill: #343942 } .learns { fill: #1d4a2c }
    .frame { fill: none }
  }
"""


def box(kind: str, x: int, y: int, width: int, height: int, *lines: str) -> str:
    """A box with its lines of text in the middle, the first of them in bold where there are more."""
    middle, top = x + width // 2, y + height // 2 + 5 - 9 * (len(lines) - 1)
    words = "".join(
        f'<text x="{middle}" y="{top + 18 * n}" class="{"title" if n == 0 and len(lines) > 1 else "small" if n else ""}'
        f'">{line}</text>' for n, line in enumerate(lines))
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="{kind}"/>{words}'


def frame(x: int, y: int, width: int, height: int, title: str) -> str:
    """A dashed box with its title inside, above."""
    return (f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="frame"/>'
            f'<text x="{x + 10}" y="{y + 19}" class="left title">{title}</text>')


def note(x: int, y: int, text: str, kind: str = "small left") -> str:
    """Words beside an arrow."""
    return f'<text x="{x}" y="{y}" class="{kind}">{text}</text>'


def arrow(*points: tuple[int, int], both: bool = False) -> str:
    """A line through ``points`` with a head at its end, or at both."""
    start = ' marker-start="url(#head)"' if both else ""
    return f'<path d="M{" L".join(f"{x} {y}" for x, y in points)}" marker-end="url(#head)"{start}/>'


def drawing(height: int, words: str, *parts: str) -> str:
    """An SVG; ``words`` say what is to be seen."""
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"
  role="img" aria-label="{words}">
<style>{STYLE}</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
  orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" class="head"/></marker></defs>
{body}
</svg>
"""


def architecture() -> str:
    """Host, streams, and blocks with their engines and memories."""
    return drawing(
        606, "The host sends events to block 0, whose spikes go to block 1; the last block's answers go back",
        box("part", 10, 10, 380, 50, "host", "a driver in Python, on the board or in a simulation"),
        arrow((70, 60), (70, 112)), note(78, 91, "events, labels"),
        arrow((196, 60), (196, 112), both=True), note(204, 91, "registers"),
        note(298, 91, "answers"), arrow((330, 544), (330, 580), (393, 580), (393, 97), (352, 97), (352, 60)),
        frame(10, 112, 374, 484, "core"),
        frame(20, 142, 354, 292, "block 0"),
        box("engine", 34, 174, 196, 52, "forward engine", "charge, fire, reset"),
        box("engine", 286, 174, 76, 52, "readout"),
        arrow((230, 200), (286, 200)), note(236, 192, "spikes"),
        box("memory", 34, 266, 94, 52, "weights", "one memory"),
        box("memory", 150, 266, 110, 52, "window", "K steps deep"),
        arrow((81, 226), (81, 266), both=True),
        arrow((205, 226), (205, 266)), note(212, 250, "who fired"),
        arrow((81, 318), (81, 362), both=True),
        arrow((205, 318), (205, 362)),
        arrow((324, 226), (324, 362)), note(281, 300, "errors"),
        box("learns", 34, 362, 328, 58, "update engine", "at the end of a window: new weights"),
        arrow((120, 434), (120, 466)), note(128, 454, "spikes; no gradient comes back"),
        frame(20, 466, 354, 88, "block 1: the same, at the same time"),
        box("engine", 32, 496, 84, 48, "forward"), box("memory", 126, 496, 66, 48, "K steps"),
        box("learns", 202, 496, 74, 48, "update"), box("engine", 286, 496, 78, 48, "readout"))


def folded() -> str:
    """A block whose layers take turns on one forward and one update engine."""
    return drawing(
        616, "Layers of a block take turns on one forward engine, and on one update engine after each window",
        note(216, 18, "spikes of the block before", "small"), arrow((216, 24), (216, 48)),
        box("part", 138, 48, 156, 34, "filter, pooling"), arrow((216, 82), (216, 138)),
        frame(10, 106, 380, 268, "forward engine"),
        box("memory", 138, 138, 156, 44, "lists of events", "one for each layer"),
        arrow((216, 182), (216, 202)),
        box("engine", 138, 202, 156, 44, "walk", "layer after layer"),
        arrow((216, 246), (216, 266)),
        box("engine", 138, 266, 156, 44, "lanes", "sum, charge, fire"),
        box("memory", 16, 202, 98, 44, "weights", "of all layers"), arrow((114, 224), (138, 224)),
        box("memory", 16, 266, 98, 44, "membranes", "of all layers"), arrow((114, 288), (138, 288), both=True),
        arrow((216, 310), (216, 330)),
        box("part", 138, 330, 156, 32, "router"),
        arrow((294, 346), (300, 346), (300, 160), (294, 160)),
        note(306, 258, "spikes to the"), note(306, 274, "next layer"),
        arrow((138, 346), (56, 346), (56, 408)), note(64, 392, "spikes of the last layer, and to the next block"),
        box("engine", 12, 408, 88, 44, "readout"),
        arrow((100, 430), (160, 430)), note(108, 422, "errors"),
        box("learns", 160, 408, 228, 44, "reverse pass", "from the last layer to the first"),
        arrow((274, 452), (274, 474)),
        box("memory", 160, 474, 228, 44, "credits", "of all layers, K steps"),
        arrow((274, 518), (274, 540)),
        box("learns", 160, 540, 228, 44, "update", "of all weights, layer by layer"),
        box("memory", 12, 474, 88, 44, "window", "K steps"), arrow((100, 490), (130, 490), (130, 562), (160, 562)),
        arrow((274, 584), (274, 608)), note(284, 604, "new weights"))


DRAWINGS = {"architecture.svg": architecture, "folded.svg": folded}

if __name__ == "__main__":
    for name, made in DRAWINGS.items():
        (HERE / name).write_text(made(), "utf-8")
