"""Whether a network spikes as was recorded, and by which convention a file does."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from rtl_gen.contract.errors import SnnfpgaError

from .chain import chain_of
from .computed import computed
from .conventions.base import RESETS, Said
from .conventions.registry import CONVENTIONS, FRAMEWORKS
from .graph import Graph
from .recorded import Check, Recorded, share_of

MOST = 0.05             # of a source's spikes by which counts may be off
LAYER = 0.25            # and of a single layer's, or of ours where there are more: layers at the end have few
SAME = 0.9              # of the samples, below which classes that are not the source's are said
NEARLY = 0.01           # and above which other conventions are tried
ALIKE = 1e-4            # by how much conventions differ that come to one
SAMPLES = 20            # by which conventions are told apart


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A convention by which a file can be read, as options, and how far that is from recorded spikes.

    Attributes
    ----------
    options
        Such as ``--from snntorch --reset zero``.
    off
        Differences of the counts of spikes in floating point, as a share of the source's spikes.
    layer
        Those of the worst layer, as :attr:`.recorded.LayerCheck.share`.
    """

    options: str
    off: float
    layer: float

    @property
    def fits(self) -> bool:
        """Whether the convention can be the source's."""
        return self.off <= MOST and self.layer <= LAYER


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether counts of spikes are near those that were recorded.

    Attributes
    ----------
    fits
        Whether they are off by at most :data:`MOST`, and in no layer by more than :data:`LAYER`.
    line
        What is to be said, of classes too; empty where all is well.
    tried
        The convention that was said, then the others, nearest first; empty where nothing is off.
    """

    fits: bool
    line: str
    tried: tuple[Tried, ...]


def judged(check: Check) -> Verdict:
    """What a check says where no other convention is open: parameters were read as they are."""
    fits = _fits(check)
    return Verdict(fits=fits, tried=(), line=_classes(check) if fits else (
        f"{_off_by(check)}; were other samples recorded, inputs in another order, or by other modules? Else take 16 "
        "bits, or samples with data"))


def verdict(check: Check, graph: Graph, recorded: Recorded, source: str, said: Said) -> Verdict:
    """What a check says of the convention ``source``, and what else the file could be."""
    fits = _fits(check)
    if fits and check.off <= NEARLY:
        return Verdict(fits=True, line=_classes(check), tried=())
    own, *others = found = _tried(graph, recorded, check.places, source, said)
    best = others[0] if others else own
    line = _off_by(check)
    if best.fits and (best.off < own.off / 2 or not own.fits):
        line += f", and with {_alike(others, source)} by {_percent(best.off)} in floating point"
    elif fits:
        line = _classes(check)
    elif own.fits:
        line += (f", and by {_percent(own.off)} of all in floating point, so that the scale of the weights is too "
                 "coarse; take --set network.weight_bits=16, or samples of the training with --data")
    else:
        by = f"{_percent(best.layer)} in a layer" if best.off <= MOST else _percent(best.off)
        near = f" ({best.options} by {by})" if math.isfinite(best.off) else ""
        line += (f", and no convention comes near{near}; were other samples recorded, inputs in another order, or "
                 "another file?")
    return Verdict(fits=fits, line=line, tried=tuple(found))


def _fits(check: Check) -> bool:
    return check.off <= MOST and check.worst.share <= LAYER


def _off_by(check: Check) -> str:
    """How far counts are off: all layers', or those of one that alone is far."""
    spikes, worst = sum(layer.spikes for layer in check.layers), check.worst
    if check.off <= MOST and worst.share > LAYER:
        return (f"Counts of spikes of node {worst.node} are off by {worst.counts_off}, where "
                f"{worst.spikes or 'none'} were recorded and {worst.own_spikes or 'none'} are here")
    return f"Counts of spikes are off by {_percent(check.off)} of the {spikes or 'none'} that were recorded"


def _classes(check: Check) -> str:
    """What is to be said of the classes; empty where most are the source's."""
    if check.same_predictions >= SAME * check.samples:
        return ""
    return (f"{check.same_predictions} of {check.samples} samples have the class that the source predicted; is the "
            "readout the source's, and are the classes in its order?")


def _alike(near: list[Tried], source: str) -> str:
    """The options of the nearest, and of one as near of the framework that was said."""
    first = near[0]
    same = [one.options for one in near if one.options.split()[1] == source and one.off - first.off < ALIKE]
    return first.options + (f" (or {same[0]})" if same and same[0] != first.options else "")


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _tried(graph: Graph, recorded: Recorded, places: dict[int, int], source: str, said: Said) -> list[Tried]:
    """The convention that was said, then the others, the nearest first; those that refuse the file are left out."""
    others = [*((name, Said(reset=reset)) for name in FRAMEWORKS for reset in (None, *RESETS)),
              ("sinabs", Said(gain=1.0))]
    found = []
    for name, told in others:
        one = _try(graph, recorded, places, name, told)
        if math.isfinite(one.off):
            words = len([value for value in vars(told).values() if value is not None])
            found.append((round(one.off / ALIKE), words, one))
    near = [one for *_, one in sorted(found, key=lambda one: one[:2])]
    own = _try(graph, recorded, places, source, said)
    return [own, *(one for one in near if one.options != own.options)]


def _options(name: str, said: Said) -> str:
    told = {option: value for option, value in vars(said).items() if value is not None}
    return " ".join([f"--from {name}", *(f"--{option} {value:g}" if isinstance(value, float) else f"--{option} {value}"
                                         for option, value in told.items())])


def _try(graph: Graph, recorded: Recorded, places: dict[int, int], name: str, said: Said) -> Tried:
    """Infinitely far where the convention refuses the file, or layers are not those that were recorded."""
    refused = Tried(options=_options(name, said), off=math.inf, layer=math.inf)
    try:
        chain = chain_of(graph, CONVENTIONS[name], said)
    except SnnfpgaError:
        return refused
    inputs = recorded.unpacked("inputs_packed", math.prod(chain.shape))[:, :SAMPLES]
    spikes, _ = computed(chain, torch.from_numpy(inputs).reshape(*inputs.shape[:2], *chain.shape))
    differing = total = 0
    worst = 0.0
    for number, place in places.items():
        layer, theirs = spikes[place], recorded.get(f"layer{number}_counts")
        own, wanted = layer.sum(0).flatten(1).numpy(), theirs[:SAMPLES].astype(np.int64)
        if own.shape != wanted.shape:
            return refused
        off = np.abs(own - wanted).sum()
        worst = max(worst, float(share_of(off, wanted.sum(), own.sum())))
        differing, total = differing + off, total + wanted.sum()
    return replace(refused, off=float(differing / max(1, total)), layer=worst)
