"""``on_chip``: what the update engine does with the network after training."""

from typing import Annotated, Literal

from pydantic import Field

from rtl_gen.contract.readout import ERROR_FUNCTIONS

from .section import Section

Shift = Annotated[int, Field(ge=0, le=31)]


class OnChipConfig(Section):
    """What the update engine does with the network after training, in the terms of [the arithmetic](arithmetic.md)."""

    shadow_bits: Annotated[int, Field(ge=0, le=16)] = Field(
        8, description="The bits below a weight in which the chip gathers small updates; a weight of 1 bit has none.")
    rate_shift: Shift | None = Field(
        None, description="An update of a layer is divided by 2^rate_shift; null is 16 less `shadow_bits`.")
    readout_rate_shift: Shift | None = Field(
        None, description="An update of a readout is divided by 2^readout_rate_shift; null is 10 less `shadow_bits`.")
    feedback_shift: Shift = Field(
        8,
        description="Credits that pass down in a block of two layers and more are divided by 2^feedback_shift.")
    error_function: Literal[ERROR_FUNCTIONS] = Field(
        "logistic", description="The function from a logit to its error.")
    logit_shift: Annotated[int, Field(ge=-8, le=24)] | None = Field(
        None,
        description="A logit is divided by 2^logit_shift before the table of errors. Null keeps the scale of "
                    "training, in which a real logit of 1 is 16 units of the table.")
    dead_zone: Annotated[int, Field(ge=0, le=127)] = Field(
        24, description="Errors up to this count as none; the largest is 127.")
