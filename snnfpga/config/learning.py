"""``learning``: the rule and its knobs."""

from typing import Annotated, Literal

from pydantic import Field

from rtl_gen.contract.readout import ACCUMULATES, ANSWERS

from .section import Section, Share, Steps

Factor = Annotated[float, Field(allow_inf_nan=False)]
UpToOne = Annotated[float, Field(ge=0, le=1)]


class TracesConfig(Section):
    """The traces of a rule that works by steps; null leaves a key to the rule, and [rules.md](rules.md) explains."""

    pre: UpToOne | Literal["leak"] | None = Field(
        None,
        description="The share of an input's trace that is left after a step; `leak` is the neuron's own. It is a knob "
                    "of s-tllr, where null is 0.75, and of tess, where null is 0.5.")
    post: UpToOne | None = Field(
        None,
        description="The share of a neuron's trace that is left after a step. It is a knob of s-tllr and tess; null is "
                    "0.2.")
    alpha_pre: Factor | None = Field(
        None, description="The factor of the causal term of s-tllr and tess; null is 1.")
    alpha_post: Factor | None = Field(
        None, description="The factor of the non-causal term; null is -1 in s-tllr and 0 in tess.")
    post_of: Literal["surrogate", "spikes"] | None = Field(
        None,
        description="What s-tllr and tess trace of a neuron: its surrogate derivative, which null takes, or its spikes "
                    "(experimental).")
    restart: Steps | None = Field(
        None, description="The traces are forgotten every so many steps; null keeps them for the whole sample.")


class LearningConfig(Section):
    """The rule, and its knobs kept apart. A key that means nothing to the rule is refused where it is set."""

    rule: str = Field(
        "truncated-local", description="The learning rule, one that `snnfpga rules` lists.")
    window: Steps = Field(
        4,
        description="K: credit goes back this many steps, and the chip's buffers are this deep. It is at most T, or "
                    "`hardware.max_steps`; with a rule that has no windows it is the one that the chip learns in, "
                    "cut to that length.")
    loss_steps: Steps | None = Field(
        None, description="The loss reads the last so many steps of a window, at most `window`; null reads all.")
    loss_at: Literal["window", "step"] | None = Field(
        None,
        description="Where truncated-local has its loss: once at a window's end, which null takes, or at each step. "
                    "Rules that work by steps always have one at each step.")
    update_interval: Annotated[int, Field(ge=1, le=65536)] = Field(
        1, description="The network learns from every update_interval-th window of a sample.")
    update: Literal["sample", "window"] = Field(
        "sample",
        description="Weights change once a batch (`sample`), or after each `window`, which is each step of a rule that "
                    "works by steps.")
    accumulate: Literal[ACCUMULATES] = Field(
        "cumulative", description="The loss reads the logits since a sample's start, or those of each `window` alone.")
    answer: Literal[ANSWERS] = Field(
        "all",
        description="The answer is the sum over all steps of a sample, or over those of its `last` window.")
    loss: Literal["cross_entropy", "logistic", "hard_sigmoid", "squared", "squared_margin"] = Field(
        "cross_entropy",
        description="The loss of a logit. The gradients of `logistic` and `hard_sigmoid` are the chip's errors of "
                    "those names; `squared` is STBP's; `squared_margin` (experimental) counts no error where a logit "
                    "is beyond 1 at the label or below 0 elsewhere.")
    select: Literal["all", "last", "random", "top"] = Field(
        "all",
        description="Which steps are learned from: `all`, the `last` ones, some drawn at `random`, or those of largest "
                    "error (`top`, experimental; truncated-local alone). All but `all` need `selected_steps`, and "
                    "with truncated-local `loss_at: step`.")
    selected_steps: Steps | None = Field(
        None, description="How many steps `select` takes, of a window with `top` and of a sample else; null takes all.")
    error_threshold: UpToOne | None = Field(
        None, description="In decolle errors up to this size pass nothing back; null lets all pass.")
    segment: Steps | None = Field(
        None,
        description="The steps that bptt-checkpoint computes again at a time; null is the root of T, rounded up, which "
                    "keeps about least.")
    skip: Share = Field(
        0.0,
        description="The share of a segment's steps, those in which the network fired least, that give no gradient in "
                    "bptt-checkpoint (experimental).")
    feedback: Literal["readout", "random", "square", "sign", "labels", "dfa", "global-dfa"] = Field(
        "readout",
        description="How a readout's error reaches the layers ([feedback](rules.md#feedback)); all but `readout` "
                    "are experimental.")
    traces: TracesConfig = Field(
        TracesConfig(), description="The traces of a rule that works by steps.")
