"""What of a network has no hardware, and what cannot learn on chip; PyTorch and the reference run more."""

from collections.abc import Iterator
from itertools import chain

from .arithmetic import answer_max, signed_bits
from .block import BlockSpec
from .checks import SpecError
from .declared import engines_of
from .engines.refusals import Refusal
from .protocol import ANSWER_BITS, BLOCKS_PER_LAYER
from .spec import NetworkSpec
from .sums import SUM_BITS, learning_sum_max

__all__ = ["check_hardware", "check_learning", "hardware_refusals", "learning_refusals"]


def check_hardware(spec: NetworkSpec) -> None:
    """Refuse what the reference computes and no component does.

    Raises
    ------
    SpecError
        The first of :func:`hardware_refusals`, if there is one.
    """
    _check(hardware_refusals(spec))


def check_learning(spec: NetworkSpec) -> None:
    """Refuse what does not learn on chip, nor in the reference that equals it.

    Raises
    ------
    SpecError
        The first of :func:`learning_refusals`, if there is one.
    """
    _check(learning_refusals(spec))


def hardware_refusals(spec: NetworkSpec) -> tuple[Refusal, ...]:
    """All that the reference computes and no component does: what does not learn, too many blocks, answers
    that do not fit a beat, what engines refuse.

    Each is there once, however many engines refuse it.
    """
    return _once(chain(learning_refusals(spec), _too_many_blocks(spec), _wide_answers(spec), (
        refusal for index, block in enumerate(spec.blocks) for engine in engines_of(block).all
        for refusal in engine.refusals(index))))


def learning_refusals(spec: NetworkSpec) -> tuple[Refusal, ...]:
    """All that a block that is to learn does not learn by, wherever it runs: sums that are too wide."""
    return _once(refusal for index, block in enumerate(spec.blocks) if block.directives.learns
                 for refusal in _wide_sums(block, index))


def _wide_sums(block: BlockSpec, index: int) -> Iterator[Refusal]:
    bits = learning_sum_max(block).bit_length()
    if bits > SUM_BITS:
        change = "a shorter window, narrower weights, smaller residual shifts, or a leak"
        yield Refusal(line=f"Sums of block {index} must stay below {SUM_BITS} bits to learn, not reach {bits}; take "
                           f"{change}", what=f"sums of more than {SUM_BITS} bits", places=(f"block {index}",),
                      change=change)


def _too_many_blocks(spec: NetworkSpec) -> Iterator[Refusal]:
    if len(spec.blocks) > BLOCKS_PER_LAYER:
        yield Refusal(line=f"A network in hardware must have at most {BLOCKS_PER_LAYER} blocks, not "
                           f"{len(spec.blocks)}; run it on torch or the reference",
                      what=f"{len(spec.blocks)} blocks", places=(), change=f"at most {BLOCKS_PER_LAYER} blocks")


def _wide_answers(spec: NetworkSpec) -> Iterator[Refusal]:
    for index, block in enumerate(spec.blocks):
        largest = answer_max(block.readout, spec.max_steps)
        if signed_bits(largest) > ANSWER_BITS:
            yield Refusal(line=f"Answers in hardware must fit {ANSWER_BITS} bits, not reach {largest} as in block "
                               f"{index} with {spec.max_steps} steps; take fewer steps (hardware.max_steps), neurons "
                               "or readout bits",
                          what=f"answers of more than {ANSWER_BITS} bits", places=(f"readout of block {index}",),
                          change="fewer steps (hardware.max_steps), neurons or readout bits")


def _once(found: Iterator[Refusal]) -> tuple[Refusal, ...]:
    return tuple(dict.fromkeys(found))


def _check(found: tuple[Refusal, ...]) -> None:
    for refusal in found:
        raise SpecError(refusal.line)
