"""Cycles of the update of a folded block, from what there is to learn from: how its walks wait for each other.

Words of all layers are walked one after another. The credits of a word are fetched while the one before is walked. Rows
come one a cycle, or wait until the row before has taken its own: a cycle for each bit of its counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...plan import BlockPlan, LayerPlan, words_of
from ...synapses.conv import ConvSpec

__all__ = ["CHANNELS", "LayerWork", "UpdateCycles"]

CHANNELS = 32               # of a pixel whose bits lie in one word; of more they take several

ROUNDED = 5                 # cycles from a row's last step until its new weights are written
GATHERED = 3                # from the last step of a word of filters to the first row that is written
RELEASED = 2                # from what opens the next word until a half of the store is told to be free


@dataclass(frozen=True, kw_only=True)
class LayerWork:
    """What there is to learn from in a layer.

    Attributes
    ----------
    credited
        Whether each word of neurons has credit, word by word.
    rows
        Of a dense layer the bits of the counts of each active source, in the order of its list.
    pixels
        Of a convolution the same of each word of channels of each pixel, channel by channel.
    silent
        Whether each word is known to have no credit as soon as it is asked for; without it none is.
    """

    credited: Sequence[bool]
    rows: Sequence[int] = ()
    pixels: Sequence[Sequence[int]] = ()
    silent: Sequence[bool] | None = None


class UpdateCycles:
    """A window, row by row and not cycle by cycle.

    Parameters
    ----------
    plan
        The block.
    parts
        Words of a pixel's channels, of each layer.
    drawing
        Cycles that rows wait for their random words.
    fetch
        Cycles from asking for a word's credits to the last of them.
    there
        For each word of a block of one layer the cycle from which its credits can be found; without it all can be.
    """

    def __init__(self, plan: BlockPlan, parts: Sequence[int], *, drawing: int, fetch: int,
                 there: Sequence[int] | None = None) -> None:
        self._plan, self._parts, self._drawing, self._fetch, self._there = plan, parts, drawing, fetch, there
        self._rows = _Rows(RELEASED + drawing)
        self._fields = _Fields(self._rows)
        self._list_free = 0         # from when on another row may enter the walk over lists
        self._filled = 0            # halves of the store that were filled
        self._last = 0              # the last cycle in which something of what is not in a walk is on its way

    def of(self, work: Sequence[LayerWork], steps: int, *, learns: bool = True) -> int:
        """Cycles of learning from a window of ``steps``, all layers' ``work``; or only of forgetting it.

        Once: it goes through them.
        """
        at = 1
        for number, layer in enumerate(self._plan.layers):
            dense, parts = layer.layer.synapses.kind != "conv", self._parts[number]
            if learns:
                at = (self._dense if dense else self._conv)(layer, parts, work[number], steps, at + 1)
            elif dense:
                at = self._list(at + 2, [1] * len(work[number].rows), False)
            else:
                at = self._forget_grid(layer, parts, work[number], at + 2)
        busy = [at - 1, self._fields.idle() - 1, self._list_free, self._rows.free - 1, self._last]
        if self._rows.stepped:
            busy.append(self._rows.stepped + ROUNDED + self._drawing)
        return max(*busy, *(release - 1 for release in self._rows.releases))

    def _found(self, at: int, work: LayerWork, word: int) -> int:
        """The cycle in which a word's credits are known that are asked for in the cycle ``at``, or once they may be."""
        if self._filled > 1:
            self._fields.until_released(self._filled - 1)
            at = max(at, self._rows.releases[self._filled - 2])
        if work.silent and work.silent[word]:
            return at + 2
        return (at if self._there is None else max(at, self._there[word])) + 1 + self._fetch

    def _dense(self, layer: LayerPlan, parts: int, work: LayerWork, steps: int, at: int) -> int:
        """From the cycle ``at`` in which the first word is prepared to that in which the next layer is."""
        for word in range(layer.column_words):
            credited, last = work.credited[word], word == layer.column_words - 1
            found = self._found(at + 1, work, word)
            at = found + 1
            if credited or last:
                rows = heads_of(layer, steps) * credited + [bits if credited else 1 for bits in work.rows]
                at = self._list(found, rows, credited)
                self._filled += credited
        return at

    def _list(self, found: int, rows: Sequence[int], credited: bool) -> int:
        """A word's walk over ``rows``, from the cycle in which it waits for that to the one behind it."""
        enters = max(found, self._fields.idle(), self._list_free)
        taken = self._rows.open(enters + 1, 1, credited)
        for bits in rows:
            enters = taken
            taken = self._rows.take(enters + 1, bits, credited)
        self._list_free = taken
        return enters + 1

    def _conv(self, layer: LayerPlan, parts: int, work: LayerWork, steps: int, at: int) -> int:
        """The same of a convolution."""
        for column in range(layer.column_words):
            at += 1
            for place, pixels in enumerate(fields_of(layer, parts)):
                word = place * layer.column_words + column
                found = self._found(at, work, word)
                at = found + 1
                if work.credited[word]:
                    cells = [[bits] for bits in heads_of(layer, steps)] + [list(work.pixels[pixel]) for pixel in pixels]
                    at = self._fields.enter(max(found, self._list_free + 1), cells, True) + 1
                    self._filled += 1
            begins = max(at, self._fields.idle(), self._rows.free, self._rows.stepped + GATHERED)
            at = begins + layer.rows
            self._last = at - 1 + ROUNDED + self._drawing
        return self._forget_grid(layer, parts, work, at)

    def _forget_grid(self, layer: LayerPlan, parts: int, work: LayerWork, at: int) -> int:
        """The walk over all pixels that forgets what was active, from when it waits for that to the cycle behind it."""
        grid = layer.layer.synapses
        every = words_in(grid, parts, range(grid.height), range(grid.width))
        return self._fields.enter(at, [[1] * len(work.pixels[word]) for word in every], False) + 1


def heads_of(layer: LayerPlan, steps: int) -> list[int]:
    """Cycles of the rows before those of sources: of the thresholds, and of the bias."""
    return [1] * (layer.layer.neuron.threshold_shift is not None) + [steps] * layer.layer.weights.bias


def words_in(grid: ConvSpec, parts: int, rows: range, columns: range) -> list[int]:
    """The words of channels of the pixels in these rows and columns, in the order in which they are walked."""
    used = words_of(grid.channels, CHANNELS)
    return [(y * grid.width + x) * parts + part for y in rows for x in columns for part in range(used)]


def fields_of(layer: LayerPlan, parts: int) -> list[list[int]]:
    """Words of the pixels in the field of each place of a convolution, in the order in which they are walked."""
    grid, found = layer.layer.synapses, []
    for oy in range(grid.out_height):
        for ox in range(grid.out_width):
            top, left = oy * grid.stride - grid.padding, ox * grid.stride - grid.padding
            found.append(words_in(grid, parts, range(max(0, top), min(grid.height, top + grid.kernel)),
                                  range(max(0, left), min(grid.width, left + grid.kernel))))
    return found


@dataclass
class _Rows:
    """Rows that wait for their masks, one of them, and are walked, one of them.

    Attributes
    ----------
    released
        Cycles from what opens a word until a half of the store is told to be free.
    begun, free
        When the row that was walked last began, and when the next may begin.
    stepped
        The last step of rows with credit.
    credited
        Whether the last word has credit.
    releases
        When a half of the store could be filled again, for each word with credit but the last.
    """

    released: int
    begun: int = 0
    free: int = 0
    stepped: int = 0
    credited: bool = False
    releases: list[int] | None = None

    def __post_init__(self) -> None:
        self.releases = []

    def take(self, at: int, cycles: int, credited: bool) -> int:
        """The cycle in which a row is taken that comes in the cycle ``at``, and is walked in so many ``cycles``."""
        taken = max(at, self.begun - 1)
        self.begun = max(taken + 2, self.free)
        self.free = self.begun + cycles
        if credited:
            self.stepped = self.free - 1
        return taken

    def open(self, at: int, cycles: int, credited: bool) -> int:
        """The same of what opens a word."""
        taken = self.take(at, cycles, False)
        if self.credited:
            self.releases.append(self.begun + self.released + 1)
        self.credited = credited
        return taken


class _Fields:
    """The walk over fields: a cell that is read, and one whose rows come; a cell is what opens a field, or a pixel."""

    OPENS = 2                   # cycles of what opens a word of filters

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows
        self._reads, self._walks = None, False      # the cell that is read; whether there is one whose rows come
        self._at = 0                                # the cycle in which both move on
        self._prepared = self._taken = 0            # when a field last left the first stage before, and the second

    def enter(self, at: int, cells: list[list[int]], credited: bool) -> int:
        """The cycle in which a field is taken that waits from the cycle ``at`` on."""
        taken = max(at, self._prepared)
        self._prepared = max(taken + 1, self._taken)
        while self._at <= self._prepared:
            if self._reads is None and not self._walks:
                self._at = self._prepared + 1
            else:
                self._move(None)
        for cell in [credited, *cells]:
            self._taken = self._at
            self._move((cell, credited))
        return taken

    def idle(self) -> int:
        """The first cycle in which nothing is inside."""
        while self._reads is not None or self._walks:
            self._move(None)
        return self._at

    def until_released(self, count: int) -> None:
        """Let cells move on until so many halves of the store were told to be free."""
        while len(self._rows.releases) < count:
            self._move(None)

    def _move(self, cell: "tuple[bool | list[int], bool] | None") -> None:
        """The cell that was read is walked, and this one is read."""
        walked, self._reads = self._reads, cell
        at = begins = self._at + 1
        self._walks = walked is not None
        if walked is not None and isinstance(walked[0], bool):
            at = self._rows.open(at, self.OPENS, walked[0]) + 1
        elif walked is not None:
            for bits in walked[0]:
                at = self._rows.take(at, bits, walked[1]) + 1
        self._at = max(begins, at - 1)
