"""What of a network has no hardware, and what cannot learn on chip; PyTorch and the reference run more."""

from .checks import SpecError
from .declared import engines_of
from .engines.base import Engine
from .engines.refusals import arithmetic
from .protocol import BLOCKS_PER_LAYER
from .spec import NetworkSpec


def check_hardware(spec: NetworkSpec) -> None:
    """Refuse what the reference computes and no component does.

    Raises
    ------
    SpecError
        If there are too many blocks, an engine refuses a block, or as :func:`check_learning`.
    """
    check_learning(spec)
    if len(spec.blocks) > BLOCKS_PER_LAYER:
        raise SpecError(f"A network in hardware must have at most {BLOCKS_PER_LAYER} blocks, not "
                        f"{len(spec.blocks)}; run it on torch or the reference")
    for index, block in enumerate(spec.blocks):
        for engine in engines_of(block).all:
            _refuse(engine, index)


def check_learning(spec: NetworkSpec) -> None:
    """Refuse what does not learn on chip, nor in the reference that equals it; blocks that only run among them.

    Raises
    ------
    SpecError
        If a block has binary weights, learned thresholds, residual currents, or something else than each input at
        each neuron.
    """
    for index, block in enumerate(spec.blocks):
        for reason in arithmetic(block, index):
            raise SpecError(reason)
        _refuse(engines_of(block).learning, index)


def check_labels(thing: str, per_step: bool) -> None:
    """Refuse ``thing``, samples with labels of their steps: a sample has one label in hardware, and on its host.

    Raises
    ------
    SpecError
        If the labels are ``per_step``.
    """
    if per_step:
        raise SpecError(f"Samples in hardware must have one label each, and {thing} has one a step; take torch or the "
                        "reference, which know labels of steps, or data with one label a sample")


def _refuse(engine: Engine, index: int) -> None:
    for reason in engine.refusals(index):
        raise SpecError(reason)
