"""Operations of the rules that learn step by step, by formula."""

from collections.abc import Sequence

from rtl_gen.contract.block import BlockSpec

from ..config.models import LearningConfig
from ..learning.online import StepLearner
from ..learning.traces import Traces
from .activity import Activity
from .operations import Cost, Operations
from .passes import credit_back, error_back, forward, gradients, read_out, updates


def by_steps(learner: StepLearner, settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity,
             chosen: Sequence[bool]) -> Cost:
    """Of a batch: every block and readout forward in each step, and back in the ``chosen`` ones."""
    factors, local, total = learner.factors.changed_by(settings), learner.signal == "block", Cost()
    for step in (range(t, t + 1) for t in range(seen.steps)):
        for b, block in enumerate(blocks):
            total += Cost(forward=forward(block, seen, b, step) + read_out(block, seen, b, step))
            if chosen[step.start]:
                total += Cost(backward=credit_back(block, seen, step, into_block=not local and b > 0)
                              + _gradients(factors, block, seen, b, step))
                if local or block is blocks[-1]:
                    total += Cost(backward=error_back(block, seen, b, step))
    count = sum(chosen) if settings.update == "window" else 1
    return total + Cost(update=updates(count, blocks, blocks if local else blocks[-1:]))


def _gradients(factors: Traces, block: BlockSpec, seen: Activity, b: int, step: range) -> Operations:
    """One product of the inputs' traces, and where neurons have traces too another of the spikes themselves."""
    found = gradients(block, seen, b, step, traced=factors.pre != 0)
    return found + gradients(block, seen, b, step) if factors.alpha_post else found
