"""Which layer of a source a recorded layer is: by the node's name where the file has it, else by how many neurons."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

if TYPE_CHECKING:
    from .recorded import Recorded


@dataclass(frozen=True, kw_only=True)
class SourceLayer:
    """Neurons of the source that fire.

    Attributes
    ----------
    node
        Their node's or module's name.
    shape
        (neurons,) or (channels, rows, columns).
    layer
        The number of our layer that they are; None where they are a pooling here.
    """

    node: str
    shape: tuple[int, ...]
    layer: int | None

    @property
    def size(self) -> int:
        """How many."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"node {self.node}"


@dataclass(frozen=True, kw_only=True)
class Matching:
    """``places`` holds the source's layer, counted from 0, of each recorded layer that is one; ``left`` a line each of
    what was not compared.
    """

    places: dict[int, int]
    left: tuple[str, ...]


def matched(recorded: "Recorded", sources: Sequence[SourceLayer]) -> Matching:
    """The recorded layers beside those of the source.

    Layer K of a file is the source's layer K where the sizes are the same; else they are matched in their order by
    their sizes alone. ``layerK_name`` says which node it is.

    Raises
    ------
    SnnfpgaError
        If names are none of the source's, or sizes leave no way or several.
    """
    sizes = recorded.sizes()
    if not sizes:
        raise SnnfpgaError(f"File {recorded.path} must hold layer0_counts and its spikes, and holds "
                           f"{', '.join(sorted(recorded.fields))}; record it as docs/nir.md says", USAGE)
    names = {number: name for number in sizes if (name := recorded.name(number)) is not None}
    places = _by_name(recorded, names, sizes, sources) if names else _by_size(recorded, sizes, sources)
    found = {places[number]: number for number in places}
    left = [f"recorded layer {number}, of {size} neurons, which are none of the source's"
            for number, size in sizes.items() if number not in places]
    left += [f"{one}, of {one.size} neurons, which {'are a pooling here' if one.layer is None else 'were not recorded'}"
             for place, one in enumerate(sources) if one.layer is None or place not in found]
    return Matching(places=places, left=tuple(left))


def _by_name(recorded: "Recorded", names: dict[int, str], sizes: dict[int, int],
             sources: Sequence[SourceLayer]) -> dict[int, int]:
    nodes = {one.node: place for place, one in enumerate(sources)}
    places = {}
    for number, size in sizes.items():
        name = names.get(number)
        if name is None or list(names.values()).count(name) > 1:
            raise SnnfpgaError(f"File {recorded.path} must have layer{number}_name, of its own, as other layers have; "
                               "record it again", USAGE)
        if name not in nodes:
            raise SnnfpgaError(f"layer{number}_name of {recorded.path} must be one of {', '.join(nodes)}, not "
                               f"{shown(name)}; record the names of the file's nodes", USAGE)
        if sources[nodes[name]].size != size:
            raise SnnfpgaError(f"layer{number}_counts of {recorded.path} must be of the {sources[nodes[name]].size} "
                               f"neurons of node {name}, not of {size}; record those of this network", USAGE)
        places[number] = nodes[name]
    return places


def _by_size(recorded: "Recorded", sizes: dict[int, int], sources: Sequence[SourceLayer]) -> dict[int, int]:
    if all(number < len(sources) and sources[number].size == size for number, size in sizes.items()):
        return {number: number for number in sizes}
    numbers, own = [*sizes], [one.size for one in sources]
    fewer = len(numbers) <= len(own)
    few, many = (([*sizes.values()], own) if fewer else (own, [*sizes.values()]))
    first, last = _earliest(few, many), _earliest(few[::-1], many[::-1])
    if first is not None and last is not None and first == [len(many) - 1 - place for place in reversed(last)]:
        return dict(zip(numbers, first, strict=True)) if fewer else {numbers[at]: place
                                                                     for place, at in enumerate(first)}
    raise SnnfpgaError(
        f"Layers of {recorded.path}, of {_listed([*sizes.values()])} neurons, must be those of the source in their "
        f"order, {_listed(own)}, and fit in {'no' if first is None else 'more than one'} way; "
        + ("record those of this network" if first is None else "say each one's node by layerK_name"), USAGE)


def _earliest(few: Sequence[int], many: Sequence[int]) -> list[int] | None:
    """Where ``few`` sizes stand among ``many`` in their order, each as early as it can; None where they do not.

    No other way has any of them earlier. Backwards it is the latest way; where both are the same there is no other.
    """
    places, start = [], 0
    for size in few:
        place = next((place for place in range(start, len(many)) if many[place] == size), None)
        if place is None:
            return None
        places.append(place)
        start = place + 1
    return places


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes))
