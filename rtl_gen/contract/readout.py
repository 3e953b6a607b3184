"""A block's classifier."""

from dataclasses import dataclass

from .checks import SpecError, check_choice, check_flag, check_range
from .errors import shown
from .grid import PoolSpec
from .synapses.dense import MAX_NEURONS
from .update import check_rate

ERROR_FUNCTIONS = ("hard_sigmoid", "logistic")
ACCUMULATES = ("window", "cumulative")
ANSWERS = ("all", "last")
READINGS = ("sum", "last", "maximum")
MAX_CLASSES = 64
MAX_LEAK_SHIFT = 15
MAX_FEEDBACK_SHIFT = 31


@dataclass(frozen=True, kw_only=True)
class ReadoutSpec:
    """A block's classifier, from which alone the block learns.

    Attributes
    ----------
    inputs, classes
        Neurons read, and classes told apart.
    learned
        False: weights are fixed at +1 or -1. True: stored and updated as a layer's weights are.
    weight_bits, shadow_bits, rate_shift, rounding
        As in :class:`~.weights.WeightSpec` and :class:`~.update.UpdateSpec`; a fixed readout has 2, 0, 0 and
        "nearest".
    error_function
        How a logit becomes a probability of 7 bits: ``hard_sigmoid`` or ``logistic`` (a table).
    logit_shift
        Logits are divided by ``2**logit_shift`` before the error function; negative multiplies.
    dead_zone
        Errors of at most this magnitude count as zero.
    accumulate
        Whether the logits of the loss start afresh in each ``window`` or are ``cumulative`` over the sample.
    pool
        Of the neurons' spikes, before the weights; None for none.
    answer
        Whether the answer is the sum over ``all`` steps of a sample, or over those of its ``last`` window.
    feedback_shift
        The feedback of a learned readout is divided by ``2**feedback_shift`` and saturated to 16 bits; None leaves it
        exact.
    leak_shift
        Where the readout leaks: each class has a level, which loses ``level >> leak_shift`` in a step before the
        step's spikes are added, and what is summed are the levels. None for none.
    reading
        Of levels: their ``sum``, the ``last``, or the ``maximum`` of them, is what the answer and the logits are.
    """

    inputs: int
    classes: int
    learned: bool
    weight_bits: int
    shadow_bits: int
    rate_shift: int
    rounding: str
    error_function: str
    logit_shift: int
    dead_zone: int
    accumulate: str
    pool: PoolSpec | None = None
    answer: str = "all"
    feedback_shift: int | None = None
    leak_shift: int | None = None
    reading: str = "sum"

    def __post_init__(self) -> None:
        check_range("Readout inputs", self.inputs, 1, MAX_NEURONS)
        check_range("Classes", self.classes, 2, MAX_CLASSES)
        check_flag("Readout learned", self.learned)
        if self.learned:
            check_range("Readout weight bits", self.weight_bits, 1, 16)
            check_range("Readout shadow bits", self.shadow_bits, 0, 16)
            check_rate(self.rate_shift, self.rounding)
        elif (self.weight_bits, self.shadow_bits, self.rate_shift, self.rounding) != (2, 0, 0, "nearest"):
            raise SpecError("A fixed readout must have weight bits 2, shadow bits 0, rate shift 0 and rounding "
                            f"nearest, not {self.weight_bits}, {self.shadow_bits}, {self.rate_shift} and "
                            f"{self.rounding}")
        check_choice("Error function", self.error_function, ERROR_FUNCTIONS)
        check_range("Logit shift", self.logit_shift, -8, 24)
        check_range("Dead zone", self.dead_zone, 0, 127)
        check_choice("Accumulate", self.accumulate, ACCUMULATES)
        check_choice("Answer", self.answer, ANSWERS)
        if self.feedback_shift is not None:
            if not self.learned:
                raise SpecError("A fixed readout must have exact feedback, without a feedback shift, not one of "
                                f"{self.feedback_shift}")
            check_range("Readout feedback shift", self.feedback_shift, 0, MAX_FEEDBACK_SHIFT)
        check_choice("Reading", self.reading, READINGS)
        if self.leak_shift is not None:
            check_range("Readout leak shift", self.leak_shift, 1, MAX_LEAK_SHIFT, " (or null for no leak)")
        if self.reading != "sum" and (
                self.leak_shift is None or (self.accumulate, self.answer) != ("cumulative", "all")):
            raise SpecError(f"A readout that is read by {self.reading} must leak, accumulate cumulative and answer "
                            f"all, not leak shift {shown(self.leak_shift)}, {self.accumulate} and {self.answer}")
        if self.pool is not None and self.pool.inputs != self.inputs:
            raise SpecError(f"Pool of a readout of {self.inputs} neurons must take as many, not {self.pool.inputs}")

    @property
    def rows(self) -> int:
        """Rows of the weight matrix."""
        return self.inputs if self.pool is None else self.pool.outputs

    @property
    def largest_event(self) -> int:
        """The largest value that a row is read with."""
        return 1 if self.pool is None else self.pool.largest

    @property
    def signs(self) -> bool:
        """Whether a weight that is read is a sign, +1 or -1."""
        return not self.learned or self.weight_bits == 1

    @property
    def stored_bits(self) -> int:
        """Bits a readout weight takes in memory: a fixed one is its sign alone."""
        return max(2, self.weight_bits) + self.shadow_bits if self.learned else 1
