"""``data``: which samples, and how they become spikes."""

from typing import Annotated, Literal

from pydantic import Field

from rtl_gen.contract.layer import MAX_INPUT

from .section import NameOrPath, Section, Seed, Steps, UserPath


class DataConfig(Section):
    """What the network is trained on, and how it becomes spikes; [data.md](data.md) has the sets and the formats."""

    name: NameOrPath = Field(
        "digits-events",
        description="The set: a name that `snnfpga datasets` lists, or the path of an `.npz` of your own.")
    steps: Steps | None = Field(
        None,
        description="The number of time steps T of a sample. Null takes what the set is best seen in, 16 for recorded "
                    "events; beside `step_us` it is where longer samples are cut.")
    coding: Literal["rate", "bernoulli", "latency", "direct", "phase", "sigma-delta"] | None = Field(
        None,
        description="How still images become events ([codes](data.md#codes-of-still-images)); null takes `rate`, or "
                    "`direct` where `input_max` is more than 1. "
                    "`phase` and `sigma-delta` are experimental.")
    binning: Literal["time", "count"] = Field(
        "time",
        description="How recorded events become steps: `time` makes steps of the same length in every sample, `count` "
                    "steps with equal numbers of events within a sample.")
    step_us: Annotated[int, Field(ge=1, lt=1 << 31)] | None = Field(
        None,
        description="The length of a step in microseconds, for recorded events; samples then have as many steps as "
                    "they last. Null gives every sample `steps` steps.")
    pool: Annotated[int, Field(ge=1, le=65536)] = Field(
        1,
        description="So many pixels of recorded events in each direction become one, which has an event where one of "
                    "them has.")
    input_max: Annotated[int, Field(ge=1, le=MAX_INPUT)] = Field(
        1,
        description="The largest value of an input in a step: how many events of it count "
                    "([inputs that count](data.md#inputs-that-count)). More than 1 goes with `coding: direct`, with "
                    "recorded events, and with spikes of your own.")
    delays: tuple[Steps, ...] = Field(
        (),
        description="Every input comes again so many steps later, over a line of its own for each entry "
                    "([delay lines](data.md#delay-lines)).")
    seed: Seed = Field(
        0, description="It draws the split, and what a code or the model of a camera leaves to chance.")
    root: UserPath | None = Field(
        None,
        description="The folder that holds the sets which are not embedded; `--data-root` sets it. Null serves the "
                    "embedded sets and an `.npz`.")
    cache: UserPath | None = Field(
        None,
        description="The folder in which binned events are kept from one command to the next "
                    "([cache](data.md#a-cache-of-binned-events)). Null keeps none.")
