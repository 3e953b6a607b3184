"""Operations of a rule, under three ways of counting them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Operations:
    """What products of matrices came to. Element by element work, which grows with neurons alone, is not in it.

    Attributes
    ----------
    multiplies
        Convention 1: products of two real values, zero or not. A spike, a sign or their absence is not real: it
        switches or negates the other.
    accumulates
        With ``multiplies``, convention 2: additions of a real value because of a spike or a sign other than 0.
    dense
        Convention 3: a multiply-accumulate for every pair, spike or not.
    """

    multiplies: int = 0
    accumulates: int = 0
    dense: int = 0

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(multiplies=self.multiplies + other.multiplies,
                          accumulates=self.accumulates + other.accumulates, dense=self.dense + other.dense)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Operations of a batch: of its forward pass, and of the gradients."""

    forward: Operations = Operations()
    backward: Operations = Operations()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(forward=self.forward + other.forward, backward=self.backward + other.backward)
