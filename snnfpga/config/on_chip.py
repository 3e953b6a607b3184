"""``on_chip``: what the update engine does with the network after training."""

from typing import Annotated, Literal

from pydantic import Field

from rtl_gen.contract.readout import ERROR_FUNCTIONS

from .section import Section

AUTO = "auto"
Shift = Annotated[int, Field(ge=0, le=31)]


class OnChipConfig(Section):
    """What the update engine does with the network after training, in the terms of [the arithmetic](arithmetic.md).

    What is `auto` is [calibrated](calibration.md) after training; a value given by hand stays as it is given.
    """

    shadow_bits: Annotated[int, Field(ge=0, le=16)] = Field(
        8, description="The bits below a weight in which the chip gathers small updates; a weight of 1 bit has "
                       "some where its block learns on chip.")
    rate_shift: Shift | Literal["auto"] | None = Field(
        AUTO,
        description="An update of a layer is divided by 2^rate_shift; null is 16 less `shadow_bits`, on any data, and "
                    "less the bits by which the readout's feedback is divided to fit 16.")
    readout_rate_shift: Shift | Literal["auto"] | None = Field(
        AUTO,
        description="An update of a readout is divided by 2^readout_rate_shift; null is 10 less `shadow_bits`, on any "
                    "data.")
    feedback_shift: Shift | Literal["auto"] = Field(
        AUTO,
        description="Credits that pass down in a block of two layers and more are divided by 2^feedback_shift; `auto` "
                    "is 2 more than the fraction bits of the weights that they pass through, which keeps their scale, "
                    "less the bits by which the readout's feedback is divided.")
    error_function: Literal[ERROR_FUNCTIONS] = Field(
        "logistic", description="The function from a logit to its error.")
    logit_shift: Annotated[int, Field(ge=-8, le=24)] | Literal["auto"] | None = Field(
        AUTO,
        description="A logit is divided by 2^logit_shift before the table of errors. Null keeps the scale of "
                    "training, in which a real logit of 1 is 16 units of the table; `auto` takes that or up to 2 more, "
                    "whatever makes the errors least on samples that were not learned from.")
    dead_zone: Annotated[int, Field(ge=0, le=127)] | Literal["auto"] = Field(
        AUTO, description="Errors up to this count as none; the largest is 127. `auto` begins with 24.")
    centre: bool = Field(
        True,
        description="Learned readouts are [centred](calibration.md#centred-readouts) after training, which changes no "
                    "prediction.")

    @property
    def searched(self) -> bool:
        """Whether a rate shift is to be found by measuring."""
        return AUTO in (self.rate_shift, self.readout_rate_shift)
