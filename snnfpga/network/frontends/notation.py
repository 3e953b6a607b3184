"""The short notation of networks, ``64C3-P2-128C3-256``: one token a layer or a pooling.

==============  ======================================================================================
``128``         128 neurons, each input to each neuron; ``128R`` with their own spikes of the step before
``64C3``        convolution of 64 filters of 3 x 3, stride 1, padded to the same size
``64C3S2P0G4``  the same with stride, padding, groups
``64C3+2``      and the currents of the layer two below are added, residually; so also ``128+1``
``P2``          pooling over 2 x 2: an event where any came; ``SP2`` counts them, ``AP2`` their mean
``GAP``         mean over the whole grid
==============  ======================================================================================

A pooling belongs to the layer that follows it, or to the readout.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..architecture import Architecture, Conv, Layer, Linear, Pool

_LINEAR = re.compile(r"(?P<neurons>[1-9]\d*)(?:(?P<recurrent>R)|\+(?P<adds>[1-9]\d*))?")
_CONV = re.compile(r"(?P<filters>[1-9]\d*)C(?P<kernel>[1-9]\d*)(S(?P<stride>[1-9]\d*))?(P(?P<padding>\d+))?"
                   r"(G(?P<groups>[1-9]\d*))?(\+(?P<adds>[1-9]\d*))?")
_POOL = re.compile(r"(?P<kind>[MSA]?)P(?P<size>[1-9]\d*)|(?P<whole>GAP)")
EXAMPLES = "128, 128R, 64C3, 64C3S2P0G4, 64C3+2, P2, SP2, AP2 or GAP"


def parse_token(token: str) -> Layer | Pool:
    """One token.

    Raises
    ------
    SnnfpgaError
        If it is none of the notation's.
    """
    if found := _LINEAR.fullmatch(token):
        return Layer(Linear(int(found["neurons"]), bool(found["recurrent"])), adds=int(found["adds"] or 0))
    if found := _CONV.fullmatch(token):
        padding = None if found["padding"] is None else int(found["padding"])
        conv = Conv(int(found["filters"]), int(found["kernel"]), int(found["stride"] or 1), padding,
                    int(found["groups"] or 1))
        return Layer(conv, adds=int(found["adds"] or 0))
    if found := _POOL.fullmatch(token):
        kinds = {"S": "sum", "A": "mean"}
        return Pool("mean", None) if found["whole"] else Pool(kinds.get(found["kind"], "or"), int(found["size"]))
    raise SnnfpgaError(f"Network notation has no token {shown(token)}; take one like {EXAMPLES}", USAGE)


def parse_blocks(blocks: Sequence[Sequence[str]]) -> Architecture:
    """Blocks of tokens.

    Raises
    ------
    SnnfpgaError
        If a token is none of the notation's, two poolings follow each other, or a block has no layer.
    """
    built, pool = [], None
    for number, tokens in enumerate(blocks):
        layers = []
        for token in tokens:
            part = parse_token(token)
            if isinstance(part, Pool):
                if pool is not None:
                    raise SnnfpgaError(f"Network notation has two poolings in a row before {shown(token)}; join them",
                                       USAGE)
                pool = part
            else:
                layers.append(replace(part, pool=pool))
                pool = None
        if not layers:
            raise SnnfpgaError(f"Block {number} of the network must have a layer, not {'-'.join(tokens) or 'nothing'}; "
                               "put its pooling at the end of the block before", USAGE)
        built.append(tuple(layers))
    return Architecture(tuple(built), pool)
