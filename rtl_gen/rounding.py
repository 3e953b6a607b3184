"""Random words, what they or a half add to a row's sums, and a stored weight less a rounded sum, saturated."""

from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import DRAW_BITS, ROW_BITS, signed_bits
from .contract.network import MAX_RATE
from .ports import RandomKey
from .saturate import saturate

__all__ = ["RandomDraw", "RoundedUpdate", "StoredUpdate", "addend_bits", "row_addend", "summed_shape"]


class RandomDraw(wiring.Component):
    """The random word of a row.

    Computes :func:`sim.reference.rounding.mix` bit for bit. Latency is :attr:`LATENCY` cycles; one word per cycle.

    Parameters
    ----------
    layer : int
        The layer's number in the network; None where rows are of several layers.

    Members
    -------
    key : In(RandomKey)
        Seed and window number, constant while words are made.
    row : In(16)
        The row.
    layer : In(16)
        The number of its layer, where rows are of several.
    word : Out(32)
        Its word.
    """

    LATENCY = 4
    ROUNDS = 8

    def __init__(self, layer: int | None) -> None:
        self._layer = layer
        super().__init__({
            "key": In(RandomKey()),
            "row": In(ROW_BITS),
            **({"layer": In(ROW_BITS)} if layer is None else {}),
            "word": Out(DRAW_BITS),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        key = self.key
        keys = [key.seed[:16], key.window_number[:16], key.seed[16:], key.window_number[16:]]
        x, y = self.row, self.layer if self._layer is None else Const(self._layer, ROW_BITS)
        for number in range(self.ROUNDS):
            mixed_x, mixed_y = Signal(ROW_BITS, name=f"x{number}"), Signal(ROW_BITS, name=f"y{number}")
            m.d.comb += [
                mixed_x.eq((x.rotate_right(7) + y)[:ROW_BITS] ^ keys[number % 4] ^ number),
                mixed_y.eq(y.rotate_left(2) ^ mixed_x),
            ]
            x, y = mixed_x, mixed_y
            if number % (self.ROUNDS // self.LATENCY) == self.ROUNDS // self.LATENCY - 1:
                held_x, held_y = Signal.like(x, name=f"held_x{number}"), Signal.like(y, name=f"held_y{number}")
                m.d.sync += [held_x.eq(x), held_y.eq(y)]
                x, y = held_x, held_y
        m.d.comb += self.word.eq(Cat(y, x))
        return m


def addend_bits(rate_shift: int, most: int = MAX_RATE) -> int:
    """Bits of what a row adds to its sums: as many as the largest rate, ``most``, lets rounding drop."""
    return rate_shift + most


def row_addend(*, word: Value, rate: Value, rate_shift: int, rounding: str, most: int = MAX_RATE) -> Value:
    """What a row adds to its sums so that the shift by ``rate_shift + rate`` rounds them.

    Computes :func:`sim.reference.rounding.addends` bit for bit. It is made once a row, and not once a lane.

    Parameters
    ----------
    word : Value
        The row's random word.
    rate : Value
        What is added to the rate shift: 0 .. ``most``.
    rate_shift : int
        Bits that rounding drops at a rate of 0.
    rounding : str
        ``nearest`` or ``stochastic``.
    most : int
        The largest rate.

    Returns
    -------
    Value
        Not negative, of :func:`addend_bits`.
    """
    if rounding == "stochastic":
        return Cat(word[:rate_shift], *(word[rate_shift + bit] & (rate > bit) for bit in range(most)))
    # A half for each rate; at a shift of 0 there is nothing to round.
    halves = Cat(rate == number for number in range(most + 1))[rate_shift == 0:]
    return Cat(Const(0, max(0, rate_shift - 1)), halves)


def summed_shape(*, delta_max: int, rate_shift: int, most: int = MAX_RATE) -> Shape:
    """Shape of a sum and its row's addend together."""
    return signed(signed_bits(delta_max + (1 << addend_bits(rate_shift, most)) - 1))


class RoundedUpdate(wiring.Component):
    """``stored - (summed >> shift)``, saturated, for one weight: shift by the rate, subtract, a cycle each.

    Latency is :attr:`LATENCY` cycles; one weight per cycle.

    Parameters
    ----------
    stored_bits : int
        Width of the weight.
    delta_max : int
        Largest magnitude of a window's sum.
    rate_shift : int
        Bits that rounding drops at a rate of 0.
    most : int
        The largest rate.

    Members
    -------
    summed, not_zero : In
        The window's sum with its row's :func:`row_addend`, and whether there is anything of it without. Where they are
        rounded to 0, their :func:`addend_bits` lowest bits are all there is of them.
    stored : In
        The weight, one cycle later.
    rate : In
        What is added to the rate shift; constant while updates are under way.
    load, loaded : In
        Take ``loaded`` as the new weight instead, one cycle later.
    updated : Out
        The new weight.
    changed, underflowed, saturated : Out(1)
        It differs from the old; a sum that is not 0 was rounded to 0; it was saturated.
    """

    LATENCY = 2

    def __init__(self, *, stored_bits: int, delta_max: int, rate_shift: int, most: int = MAX_RATE) -> None:
        self._rate_shift = rate_shift
        self._delta_max, self._most = delta_max, most
        self._stored_bits = stored_bits
        super().__init__({
            "summed": In(summed_shape(delta_max=delta_max, rate_shift=rate_shift, most=most)),
            "not_zero": In(1),
            "stored": In(signed(stored_bits)),
            "rate": In(range(most + 1)),
            "load": In(1),
            "loaded": In(signed(stored_bits)),
            "updated": Out(signed(stored_bits)),
            "changed": Out(1),
            "underflowed": Out(1),
            "saturated": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rounded, is_zero = self._shifted(m)
        not_zero = Signal()
        m.d.sync += not_zero.eq(self.not_zero)

        exact = Signal((self.stored - rounded).shape())
        m.d.comb += exact.eq(self.stored - rounded)
        updated, saturated = saturate(m, exact, self._stored_bits, "updated")
        # A weight that changes by something stays as it is only where it is held at the bound that it was at.
        bound = Cat((~exact[-1]).replicate(self._stored_bits - 1), exact[-1])
        stays = saturated & (self.stored.as_unsigned() == bound)
        m.d.sync += [
            self.updated.eq(Mux(self.load, self.loaded, updated)),
            self.changed.eq(~is_zero & ~stays),
            self.underflowed.eq(not_zero & is_zero),
            self.saturated.eq(saturated),
        ]
        return m

    def _shifted(self, m: Module) -> tuple[Value, Value]:
        """The sum less the bits that rounding drops, a cycle later, and whether that is 0.

        The last two bits of the rate choose among registers, of which those not wanted are reset: a register's way to 0
        takes no LUT, and to choose is to OR them in the LUTs of the subtraction.
        """
        summed, late = self.summed >> self._rate_shift, Signal.like(self.rate, name="late_rate")
        coarse, fine = (self.rate[2:], self.rate[:2]) if self._most >= 4 else (None, self.rate)
        if coarse is not None:
            summed = summed >> (coarse << 2)
        # The first is never reset, because it tells what is 0: it is chosen in those LUTs.
        whole = Signal(summed.shape(), name="whole", reset_less=True)
        m.d.sync += [late.eq(self.rate), whole.eq(summed)]
        late_fine = late[:len(fine)]
        steps = min(self._most, 3)
        found = []
        for step in range(steps + 1):
            # With all bits dropped, adding less than one of their unit makes it at most delta_max >> shift, plus 1.
            shape = signed(signed_bits((self._delta_max >> self._rate_shift >> step) + 1))
            if step == 0:
                found.append(Mux(late_fine == 0, whole[:shape.width].as_signed(), 0))
                continue
            held = Signal(shape, name=f"by{step}", reset_less=True)
            m.d.sync += held.eq(summed >> step)
            with m.If(fine != step):
                m.d.sync += held.eq(0)
            found.append(held)
        dropped = Cat(whole[bit] & (late_fine <= bit) for bit in range(min(steps, len(whole))))
        return reduce(or_, found), ~(whole[steps:].any() | dropped.any())


class StoredUpdate(wiring.Component):
    """``stored - round(delta)``, saturated, for one weight: a :class:`RoundedUpdate` that adds the addend before.

    Latency is :attr:`LATENCY` cycles; one weight per cycle.

    Parameters
    ----------
    stored_bits, delta_max, rate_shift : int
        As of a :class:`RoundedUpdate`.

    Members
    -------
    stored, delta, addend : In
        The weight, its window's sum, and its row's :func:`row_addend`, all in one cycle.
    rate, load, loaded, updated, changed, underflowed, saturated : In, In, In, Out, Out, Out, Out
        As of a :class:`RoundedUpdate`.
    """

    LATENCY = 1 + RoundedUpdate.LATENCY

    def __init__(self, *, stored_bits: int, delta_max: int, rate_shift: int) -> None:
        self._update = update = RoundedUpdate(stored_bits=stored_bits, delta_max=delta_max, rate_shift=rate_shift)
        kept = ("rate", "load", "loaded", "updated", "changed", "underflowed", "saturated")
        super().__init__({
            "stored": In(signed(stored_bits)),
            "delta": In(signed(signed_bits(delta_max))),
            "addend": In(addend_bits(rate_shift)),
            **{name: update.signature.members[name] for name in kept},
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.update = update = self._update
        stored = Signal.like(self.stored)
        m.d.sync += [
            update.summed.eq(self.delta + self.addend),
            update.not_zero.eq(self.delta != 0),
            stored.eq(self.stored),
            update.stored.eq(stored),
        ]
        m.d.comb += [
            update.rate.eq(self.rate),
            update.load.eq(self.load),
            update.loaded.eq(self.loaded),
            self.updated.eq(update.updated),
            self.changed.eq(update.changed),
            self.underflowed.eq(update.underflowed),
            self.saturated.eq(update.saturated),
        ]
        return m
