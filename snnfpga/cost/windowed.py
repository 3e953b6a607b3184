"""Operations of the rules that learn from many steps at once, by formula."""

from collections.abc import Iterator, Sequence

from rtl_gen.contract.spec import BlockSpec

from ..config.learning import LearningConfig
from ..learning.bptt_checkpoint import segments
from ..learning.truncated_local import first_loss
from .activity import Activity
from .operations import Cost
from .passes import credit_back, error_back, forward, gradients, read_out, updates


def truncated_local(settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity,
                    chosen: Sequence[bool]) -> Cost:
    """A batch runs block by block within each window."""
    total, learned = Cost(), 0
    for steps, learns in windows(settings, chosen):
        learned += learns
        for b, block in enumerate(blocks):
            total += Cost(forward=forward(block, seen, b, steps) + read_out(block, seen, b, steps))
            if learns:
                total += Cost(backward=gradients(block, seen, b, steps) + error_back(block, seen, b, steps)
                              + credit_back(block, seen, steps, into_block=False))
    return total + Cost(update=updates(learned if settings.update == "window" else min(learned, 1), blocks, blocks))


def windows(settings: LearningConfig, chosen: Sequence[bool]) -> Iterator[tuple[range, bool]]:
    """The steps of each window, and whether it is learned from: if so all of it, steps outside the loss among them."""
    for number, start in enumerate(range(0, len(chosen), settings.window)):
        span = range(len(chosen))[start:start + settings.window]
        lost = chosen[start + first_loss(settings):span.stop]
        yield span, any(lost) and (number + 1) % settings.update_interval == 0


def bptt(settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity, chosen: Sequence[bool]) -> Cost:
    """A batch runs all steps of all blocks forward, and then back."""
    return _whole(blocks, seen, [range(seen.steps)], again=False)


def bptt_checkpoint(settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity,
                    chosen: Sequence[bool]) -> Cost:
    """A batch runs segment by segment, with each segment's forward pass again in the backward pass.

    Raises
    ------
    ValueError
        If steps are skipped: those that stay spike otherwise than they did among all.
    """
    if settings.skip:
        raise ValueError(f"Formula of rule bptt-checkpoint must have learning.skip 0, not {settings.skip}; "
                         "count a run")
    return _whole(blocks, seen, segments(settings, seen.steps), again=True)


def _whole(blocks: Sequence[BlockSpec], seen: Activity, parts: Sequence[range], *, again: bool) -> Cost:
    """Credit goes through all parts of the sample and all blocks, from the last block's readout."""
    total = Cost()
    for steps in parts:
        for b, block in enumerate(blocks):
            once = forward(block, seen, b, steps)
            back = gradients(block, seen, b, steps)
            back += credit_back(block, seen, steps, into_block=b > 0, into_past=steps.start > 0)
            if block is blocks[-1]:
                once += read_out(block, seen, b, steps)
                back += error_back(block, seen, b, steps)
            total += Cost(forward=once, backward=once + back if again else back)
    return total + Cost(update=updates(1, blocks, blocks[-1:]))
