"""What the rules that learn step by step cost, by formula."""

from collections.abc import Sequence
from functools import partial

from rtl_gen.contract.block import BlockSpec

from ..config.learning import LearningConfig
from .formula.activity import Activity
from .formula.kept_by_steps import of_step
from .formula.operations import Cost, Operations
from .formula.passes import credit_back, error_back, forward, gradients, read_out, updates
from .formula.rule_formula import RuleFormula
from .online import StepLearner
from .traces import Traces


def step_formula(learner: StepLearner) -> RuleFormula:
    """The formula of a rule that learns by ``learner``."""
    return RuleFormula(operations=partial(by_steps, learner), kept_bytes=partial(kept, learner))


def by_steps(learner: StepLearner, settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity,
             chosen: Sequence[bool]) -> Cost:
    """A batch runs every block and readout forward in each step, and back in the ``chosen`` ones."""
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


def kept(learner: StepLearner, settings: LearningConfig, blocks: Sequence[BlockSpec], steps: int, batch: int) -> int:
    """Bytes kept, however many steps there are."""
    return of_step(learner, learner.factors.changed_by(settings), blocks, batch)
