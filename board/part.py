"""What a part offers and what a design takes of it, in amounts that each vendor names for itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rtl_gen.contract.memories import MemoryDeclaration
from rtl_gen.contract.spec import NetworkSpec

__all__ = ["Amount", "Logic", "Part", "Resources", "Synthesis"]


class Resources(Mapping[str, float]):
    """Amounts by name, in the order in which they are given."""

    def __init__(self, amounts: Mapping[str, float]) -> None:
        self._amounts = dict(amounts)

    def __getitem__(self, name: str) -> float:
        return self._amounts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._amounts)

    def __len__(self) -> int:
        return len(self._amounts)

    def __repr__(self) -> str:
        return f"Resources({self._amounts})"

    @staticmethod
    def total(several: Iterable["Resources"]) -> "Resources":
        """Each amount, summed over ``several``."""
        found: dict[str, float] = {}
        for resources in several:
            found |= {name: found.get(name, 0) + amount for name, amount in resources.items()}
        return Resources(found)

    def shares(self, whole: Mapping[str, float]) -> dict[str, float]:
        """Each amount as a share of ``whole``, 0 .. 1 and beyond."""
        return {name: amount / whole[name] for name, amount in self.items()}

    def exceeded(self, whole: Mapping[str, float]) -> list[str]:
        """Names of the amounts that are more than ``whole`` has."""
        return [name for name, amount in self.items() if amount > whole[name]]


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Something of which a part has a number.

    Attributes
    ----------
    name
        In files and for programs.
    label, plural
        As people call it at the head of a column, and after a number.
    about
        What it is or what it is for, in a few words.
    whole
        How many the part has.
    """

    name: str
    label: str
    plural: str
    about: str
    whole: float


@dataclass(frozen=True)
class Synthesis:
    """A design as it was mapped to a part; no place and route.

    Attributes
    ----------
    resources
        Sums over the cells.
    cells
        How many there are of each primitive.
    netlist
        The mapped design, for :meth:`Part.logic_delay_ps`.
    """

    resources: Resources
    cells: dict[str, int]
    netlist: str


@dataclass(frozen=True, kw_only=True)
class Logic:
    """Logic that a design would take, from a fit to designs that were mapped.

    Attributes
    ----------
    amount
        Of which of the part's amounts.
    much
        So many, memories that lie within the logic among them.
    error
        The largest error of the fit on a design that it was not made from, as a share of what was counted.
    origin
        What that error is and over what designs, in words.
    """

    amount: str
    much: float
    error: float
    origin: str

    @property
    def least(self) -> float:
        """What would be counted where the fit says too much by its largest error."""
        return self.much / (1 + self.error)

    @property
    def most(self) -> float:
        """What would be counted where it says too little."""
        return self.much / (1 - self.error)


@dataclass(frozen=True, kw_only=True)
class Part(ABC):
    """A part: what it has, how memories and designs are put into it. Each vendor's room makes its own.

    Attributes
    ----------
    name, code
        As people and as tools call it.
    amounts
        All it has, in the order of reports.
    """

    name: str
    code: str
    amounts: tuple[Amount, ...]

    @property
    def budget(self) -> Resources:
        """How many it has of each amount."""
        return Resources({amount.name: amount.whole for amount in self.amounts})

    @abstractmethod
    def place(self, memory: MemoryDeclaration) -> Resources:
        """What ``memory`` takes, by formula; always the same names, those of the amounts that memories can take."""

    def logic(self, spec: NetworkSpec) -> Logic | None:
        """What the whole design of a network would take of logic; None where nothing was fitted to this part."""
        return None

    @abstractmethod
    def synthesise(self, rtlil: str, *, top: str) -> Synthesis:
        """Map a design, as RTLIL, and count.

        Raises
        ------
        rtl_gen.yosys.YosysError
            If Yosys refuses the design.
        """

    def logic_delay_ps(self, synthesised: Synthesis, *, top: str) -> int | None:
        """Longest delay from register to register through cells alone, in picoseconds; None where it is not known.

        Raises
        ------
        rtl_gen.yosys.YosysError
            If Yosys refuses the netlist.
        """
        return None
