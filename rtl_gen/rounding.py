"""Random words of stochastic rounding, and the rounding, subtraction and saturation of a stored weight."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import DRAW_BITS, signed_bits
from .ports import RandomKey
from .saturate import saturate

__all__ = ["RandomDraw", "StoredUpdate"]


class RandomDraw(wiring.Component):
    """The random word of a row.

    Computes :func:`sim.reference.rounding.mix` bit for bit. Latency is :attr:`LATENCY` cycles; one word per cycle.

    Parameters
    ----------
    layer : int
        The layer's number in the network.

    Members
    -------
    key : In(RandomKey)
        Seed and window number, constant while words are made.
    row : In(16)
        The row.
    word : Out(16)
        Its word.
    """

    LATENCY = 4
    ROUNDS = 8

    def __init__(self, layer: int) -> None:
        self._layer = layer
        super().__init__({
            "key": In(RandomKey()),
            "row": In(DRAW_BITS),
            "word": Out(DRAW_BITS),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        key = self.key
        keys = [key.seed[:16], key.window_number[:16], key.seed[16:], key.window_number[16:]]
        x, y = self.row, Const(self._layer, DRAW_BITS)
        for number in range(self.ROUNDS):
            mixed_x, mixed_y = Signal(DRAW_BITS, name=f"x{number}"), Signal(DRAW_BITS, name=f"y{number}")
            m.d.comb += [
                mixed_x.eq((x.rotate_right(7) + y)[:DRAW_BITS] ^ keys[number % 4] ^ number),
                mixed_y.eq(y.rotate_left(2) ^ mixed_x),
            ]
            x, y = mixed_x, mixed_y
            if number % (self.ROUNDS // self.LATENCY) == self.ROUNDS // self.LATENCY - 1:
                held_x, held_y = Signal.like(x, name=f"held_x{number}"), Signal.like(y, name=f"held_y{number}")
                m.d.sync += [held_x.eq(x), held_y.eq(y)]
                x, y = held_x, held_y
        m.d.comb += self.word.eq(y)
        return m


class StoredUpdate(wiring.Component):
    """``stored - round(delta)``, saturated, for one weight.

    Latency is :attr:`LATENCY` cycles; one weight per cycle.

    Parameters
    ----------
    stored_bits : int
        Width of the weight.
    delta_max : int
        Largest magnitude of ``delta``.
    rate_shift : int
        Bits that rounding drops.
    rounding : str
        ``nearest`` or ``stochastic``.

    Members
    -------
    stored, delta, word : In
        The weight, its window's sum, and its row's random word.
    load, loaded : In
        Take ``loaded`` as the new weight instead, one cycle later.
    updated : Out
        The new weight.
    changed, underflowed, saturated : Out(1)
        It differs from the old; a sum that is not 0 was rounded to 0; it was saturated.
    """

    LATENCY = 2

    def __init__(self, *, stored_bits: int, delta_max: int, rate_shift: int, rounding: str) -> None:
        self._rate_shift = rate_shift
        self._rounding = rounding
        self._delta_max = delta_max
        self._stored_bits = stored_bits
        super().__init__({
            "stored": In(signed(stored_bits)),
            "delta": In(signed(signed_bits(delta_max))),
            "word": In(DRAW_BITS),
            "load": In(1),
            "loaded": In(signed(stored_bits)),
            "updated": Out(signed(stored_bits)),
            "changed": Out(1),
            "underflowed": Out(1),
            "saturated": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shift, bits = self._rate_shift, self._stored_bits
        if shift == 0:
            offset = Const(0)
        elif self._rounding == "stochastic":
            offset = self.word[:shift]
        else:
            offset = Const(1 << (shift - 1))

        # Adding less than 2**shift before dropping shift bits makes the magnitude at most delta_max >> shift, plus 1.
        rounded = Signal(signed(signed_bits((self._delta_max >> shift) + 1)))
        not_zero = Signal()
        stored = Signal(signed(bits))
        m.d.sync += [
            rounded.eq((self.delta + offset) >> shift),
            not_zero.eq(self.delta != 0),
            stored.eq(self.stored),
        ]

        exact = Signal((stored - rounded).shape())
        m.d.comb += exact.eq(stored - rounded)
        updated, saturated = saturate(m, exact, bits, "updated")
        m.d.sync += [
            self.updated.eq(Mux(self.load, self.loaded, updated)),
            self.changed.eq(updated != stored),
            self.underflowed.eq(not_zero & (rounded == 0)),
            self.saturated.eq(saturated),
        ]
        return m
