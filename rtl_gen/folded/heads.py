"""What comes before the active sources of a walked word: what opens it, the row of its thresholds, and its bias."""

from amaranth.hdl import *
from amaranth.lib import data

from ..contract.block import BlockSpec
from ..contract.plan import plan_of
from .by_layer import by_layer

__all__ = ["Heads"]


class Heads:
    """Which of them comes now, in a walk whose ``word`` stays until its last row was made.

    Thresholds and bias come only of words with credit, and of layers that have them.

    Parameters
    ----------
    m : Module
        The walk.
    block : BlockSpec
        A folded block.
    word : View of word_layout
        The word that is walked.

    Attributes
    ----------
    opens, any, last : Value
        The first of them is made now; one of them is; the last one is.
    """

    NAMES = ("opens", "thresholds", "bias")

    def __init__(self, m: Module, block: BlockSpec, word: data.View) -> None:
        self._plans = plan_of(block).layers
        self.opens, self._thresholds, self._bias = Signal(init=1), Signal(), Signal()
        layers = [plan.layer for plan in self._plans]
        self._has_thresholds, self._has_bias = Signal(), Signal()
        m.d.comb += [
            self._has_thresholds.eq(word.credited & by_layer(
                word.layer, [int(layer.neuron.threshold_shift is not None) for layer in layers])),
            self._has_bias.eq(word.credited & by_layer(word.layer, [int(layer.weights.bias) for layer in layers])),
        ]
        self.any = self.opens | self._thresholds | self._bias
        self.last = Mux(self.opens, ~self._has_thresholds & ~self._has_bias, ~self._thresholds | ~self._has_bias)

    @property
    def fields(self) -> dict[str, int]:
        """A bit for each of them, for the layout of what is made."""
        return dict.fromkeys(self.NAMES, 1)

    def pass_on(self, made: data.View) -> list:
        """Statements: which of them is ``made``."""
        return [made[name].eq(value) for name, value in zip(
            self.NAMES, (self.opens, self._thresholds, self._bias), strict=True)]

    def pass_to(self, row: data.View, made: data.View) -> list:
        """The same of a ``row`` that is what was ``made``."""
        return [row[name].eq(made[name]) for name in self.NAMES]

    def move(self, last: Value) -> list:
        """Statements: what comes next, where this was or was not the ``last`` row of the word."""
        return [
            self.opens.eq(last),
            self._thresholds.eq(self.opens & self._has_thresholds),
            self._bias.eq(Mux(self.opens, ~self._has_thresholds, self._thresholds) & self._has_bias),
        ]

    def any_of(self, made: data.View) -> Value:
        """Whether what was ``made`` is one of them."""
        return made.opens | made.thresholds | made.bias

    def row_of(self, made: data.View, row: Value) -> Value:
        """The row of weights of what was ``made``: its own, or where it is of a source that one."""
        layer = made.word.layer
        bias = by_layer(layer, [plan.rows - 1 for plan in self._plans])
        thresholds = by_layer(layer, [plan.layer.event_rows for plan in self._plans])
        return Mux(made.bias, bias, Mux(made.thresholds, thresholds, row))
