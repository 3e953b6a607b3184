"""Values that lie side by side in one port, the first lowest."""

from collections.abc import Iterable

from cocotb.handle import HierarchyObject


def join(values: Iterable[int], bits: int) -> int:
    """The port that holds ``values``, ``bits`` each.

    Raises
    ------
    ValueError
        If a value fits ``bits`` neither signed nor unsigned.
    """
    joined = 0
    for place, value in enumerate(values):
        if not -1 << (bits - 1) <= value < 1 << bits:
            raise ValueError(f"Value must fit {bits} bits, not be {value}")
        joined |= (int(value) & ((1 << bits) - 1)) << place * bits
    return joined


def split(joined: int, bits: int, count: int, *, signed: bool = True) -> list[int]:
    """The ``count`` values of a port, ``bits`` each."""
    values = [joined >> place * bits & ((1 << bits) - 1) for place in range(count)]
    return [value - (1 << bits) if signed and value >> (bits - 1) else value for value in values]


class Port:
    """A signed port, or one of several values, as integers; none of its values may be X or Z where it is read."""

    def __init__(self, dut: HierarchyObject, name: str, *, bits: int, count: int = 1, signed: bool = True) -> None:
        self._handle = dut[name]
        self._bits, self._count, self._signed = bits, count, signed

    def read(self) -> list[int]:
        """All values."""
        return split(int(self._handle.value), self._bits, self._count, signed=self._signed)

    def write(self, *values: int) -> None:
        """All values; those left out are 0."""
        self._handle.value = join(values, self._bits)
