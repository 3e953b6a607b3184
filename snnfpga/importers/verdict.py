"""Whether a network spikes as was recorded, and by which convention a file does."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from rtl_gen.contract.errors import SnnfpgaError

from .chain import chain_of
from .computed import computed
from .conventions.base import RESETS, Said
from .conventions.registry import CONVENTIONS, FRAMEWORKS
from .graph import Graph
from .recorded import Check, Recorded

MOST = 0.05             # of a source's spikes by which counts may be off
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
    """

    options: str
    off: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether counts of spikes are near those that were recorded.

    Attributes
    ----------
    fits
        Whether they are off by at most :data:`MOST`.
    line
        What is to be said; empty where all is well.
    tried
        The convention that was said, then the others, nearest first; empty where nothing is off.
    """

    fits: bool
    line: str
    tried: tuple[Tried, ...]


def judged(check: Check) -> Verdict:
    """What a check says where no other convention is open: parameters were read as they are."""
    spikes, fits = sum(layer.spikes for layer in check.layers), check.off <= MOST
    return Verdict(fits=fits, tried=(), line="" if fits else (
        f"Counts of spikes are off by {_percent(check.off)} of the {spikes} that were recorded; were other samples "
        "recorded, inputs in another order, or by other modules? Else take 16 bits, or samples with data"))


def verdict(check: Check, graph: Graph, recorded: Recorded, source: str, said: Said) -> Verdict:
    """What a check says of the convention ``source``, and what else the file could be."""
    if check.off <= NEARLY:
        return Verdict(fits=True, line="", tried=())
    own, *others = found = _tried(graph, recorded, source, said)
    best, fits = others[0] if others else own, check.off <= MOST
    spikes = sum(layer.spikes for layer in check.layers)
    line = f"Counts of spikes are off by {_percent(check.off)} of the {spikes} that were recorded"
    if best.off < min(own.off / 2, MOST):
        line += f", and with {_alike(others, source)} by {_percent(best.off)} in floating point"
    elif fits:
        line = ""
    elif own.off <= MOST:
        line += (f", and by {_percent(own.off)} in floating point, so that the scale of the weights is too coarse; "
                 "take --set network.weight_bits=16, or samples of the training with --data")
    else:
        near = f" ({best.options} by {_percent(best.off)})" if math.isfinite(best.off) else ""
        line += (f", and no convention comes near{near}; were other samples recorded, inputs in another order, or "
                 "another file?")
    return Verdict(fits=fits, line=line, tried=tuple(found))


def _alike(near: list[Tried], source: str) -> str:
    """The options of the nearest, and of one as near of the framework that was said."""
    first = near[0]
    same = [one.options for one in near if one.options.split()[1] == source and one.off - first.off < ALIKE]
    return first.options + (f" (or {same[0]})" if same and same[0] != first.options else "")


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _tried(graph: Graph, recorded: Recorded, source: str, said: Said) -> list[Tried]:
    """The convention that was said, then the others, the nearest first; those that refuse the file are left out."""
    others = [*((name, Said(reset=reset)) for name in FRAMEWORKS for reset in (None, *RESETS)),
              ("sinabs", Said(gain=1.0))]
    found = []
    for name, told in others:
        off = _off(graph, recorded, name, told)
        if math.isfinite(off):
            words = len([value for value in vars(told).values() if value is not None])
            found.append((round(off / ALIKE), words, Tried(options=_options(name, told), off=off)))
    near = [one for *_, one in sorted(found, key=lambda one: one[:2])]
    own = Tried(options=_options(source, said), off=_off(graph, recorded, source, said))
    return [own, *(one for one in near if one.options != own.options)]


def _options(name: str, said: Said) -> str:
    told = {option: value for option, value in vars(said).items() if value is not None}
    return " ".join([f"--from {name}", *(f"--{option} {value:g}" if isinstance(value, float) else f"--{option} {value}"
                                         for option, value in told.items())])


def _off(graph: Graph, recorded: Recorded, name: str, said: Said) -> float:
    """Infinite where the convention refuses the file, or layers are not those that were recorded."""
    try:
        chain = chain_of(graph, CONVENTIONS[name], said)
    except SnnfpgaError:
        return math.inf
    inputs = recorded.unpacked("inputs_packed", math.prod(chain.shape))[:, :SAMPLES]
    spikes, _ = computed(chain, torch.from_numpy(inputs).reshape(*inputs.shape[:2], *chain.shape))
    differing = total = 0
    for index, layer in enumerate(spikes):
        if (theirs := recorded.fields.get(f"layer{index}_counts")) is None:
            continue
        own, wanted = layer.sum(0).flatten(1).numpy(), theirs[:SAMPLES].astype(np.int64)
        if own.shape != wanted.shape:
            return math.inf
        differing, total = differing + np.abs(own - wanted).sum(), total + wanted.sum()
    return float(differing / max(1, total))
