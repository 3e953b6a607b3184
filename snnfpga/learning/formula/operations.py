"""Operations of a rule, under three ways of counting them, and the words that they move."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Operations:
    """What products of matrices came to. Element by element work, which grows with neurons alone, is not in it.

    Attributes
    ----------
    multiplies
        Convention 1: products of two real values, zero or not. A spike, a number of spikes, a sign or their absence is
        not real: it switches, repeats or negates the other.
    accumulates
        With ``multiplies``, convention 2: additions of a real value because of a spike or a sign other than 0.
    dense
        Convention 3: a multiply-accumulate for every pair, spike or not.
    weights_read, weights_written
        Values of weights and of their gradients that were moved: a product reads both its matrices and writes its
        result, each once.
    state_read, state_written
        All other values: events, currents, credits, logits, errors.
    """

    multiplies: int = 0
    accumulates: int = 0
    dense: int = 0
    weights_read: int = 0
    weights_written: int = 0
    state_read: int = 0
    state_written: int = 0

    @property
    def words(self) -> int:
        """All values moved."""
        return self.weights_read + self.weights_written + self.state_read + self.state_written

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Operations of a batch: of its forward pass, of the gradients, and of the updates that follow them.

    An update reads each weight and its gradient, and writes the weight.
    """

    forward: Operations = Operations()
    backward: Operations = Operations()
    update: Operations = Operations()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(forward=self.forward + other.forward, backward=self.backward + other.backward,
                    update=self.update + other.update)

    @property
    def words(self) -> int:
        """All that is moved."""
        return self.forward.words + self.backward.words + self.update.words
