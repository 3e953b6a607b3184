"""``training``: the optimiser and how long it runs."""

from typing import Annotated, Literal

from pydantic import Field

from .section import NotNegative, Positive, Section, Share, UserPath, WeightBits

Pixels = Annotated[int, Field(ge=0, le=65535)]
Delay = Annotated[int, Field(ge=0, le=65535)]
Epochs = Annotated[int, Field(ge=1, le=100000)]


class AugmentConfig(Section):
    """Training samples differ each time they are seen, by as much as a key says; 0 and false change nothing.

    The keys apply in this order, before `training.event_drop`, and each draws for each sample. The first six need a
    sensor of two dimensions.
    """

    flip: bool = Field(
        False, description="Half of the samples change left and right; that is not for digits or letters.")
    rotate: Annotated[float, Field(ge=0, le=180)] = Field(
        0.0, description="A sample turns about the sensor's middle by at most so many degrees either way.")
    scale: Share = Field(
        0.0, description="Rows and columns move farther apart or closer, each at most by this share.")
    shear: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="A sample leans to either side by at most this share of the height.")
    shift: Pixels = Field(
        0,
        description="A sample moves by at most so many pixels along each axis, as a random crop of the padded sensor "
                    "does.")
    cutout: Pixels = Field(
        0, description="A square whose side has so many pixels is silent.")
    time_shift: Delay = Field(
        0, description="A sample begins at most so many steps sooner or later.")
    time_jitter: Delay = Field(
        0, description="Each event moves by at most so many steps; those that meet become one.")
    drop_polarity: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0,
        description="The chance that a sample loses one of its channels, of which there must be two; it does not go "
                    "with `data.delays`.")


class RegridConfig(Section):
    """An entry of the list `training.regrid` gives the weights other bits, and scales that suit them by then."""

    after: Annotated[int, Field(ge=1)] = Field(
        description="The weights change after so many epochs.")
    weight_bits: WeightBits = Field(
        description="The bits of the weights from then on.")


class TrainingConfig(Section):
    """The optimiser, how long it runs, and how samples are made different."""

    epochs: Epochs = Field(30, description="The passes over the training samples.")
    batch: Annotated[int, Field(ge=1, le=65536)] = Field(32, description="The samples of a batch.")
    optimiser: Literal["adamw", "sgd", "bso", "t-bso"] = Field(
        "adamw",
        description="What moves the weights; `bso` and `t-bso` (experimental) flip weights of one bit "
                    "([flips](training.md#weights-of-one-bit)).")
    rate: Positive = Field(
        2e-3, description="The learning rate at the start; with bso and t-bso the share of a new gradient in the mean.")
    validation: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.0,
        description="The share of each class's training samples that is held out, never learned from, and measured "
                    "after each epoch, drawn by `seed` ([validation](training.md#validation)). For an `.npz` of your "
                    "own it is 0.1 where nothing is said.")
    keep: Literal["last", "best"] = Field(
        "last",
        description="The epoch whose weights the network gets: the `last`, or the `best` on the samples held out for "
                    "`validation`, the later of equals.")
    schedule: Literal["cosine", "constant", "cosine-restarts"] = Field(
        "cosine",
        description="Half a cosine brings the rate to 0 over the run (`cosine`), or it stays, or half a cosine begins "
                    "again every `period` epochs (`cosine-restarts`, experimental, for few bits).")
    period: Epochs | None = Field(
        None, description="The epochs of a period of `cosine-restarts`, which needs it; null elsewhere.")
    flip_threshold: NotNegative | None = Field(
        None,
        description="With bso and t-bso a weight flips where the mean gradient asks for it by more than this. Null is "
                    "3e-4 for bso, and 0.1 for t-bso, in units of the gradients' own spread.")
    momentum: Share = Field(0.9, description="The momentum of sgd.")
    weight_decay: NotNegative = Field(0.0, description="The weight decay of adamw and sgd.")
    event_drop: Share = Field(
        0.0, description="The share of the events that is left out, drawn anew each time a sample is seen.")
    warm_epochs: Annotated[int, Field(ge=0, le=100000)] = Field(
        0,
        description="Before the first epoch the same weights are trained for so many as a network of rates, without "
                    "steps (experimental, after tandem learning); no layer may be recurrent.")
    distill: UserPath | None = Field(
        None,
        description="A network file, whose answers to the training samples are learned from beside the labels, "
                    "wherever the rule has a loss (experimental); null is no teacher.")
    distill_weight: Positive | None = Field(
        None, description="What the teacher's answers weigh against the labels; null is 1. It needs `distill`.")
    neuron_drop: Share = Field(
        0.0,
        description="The share of each layer's neurons, or filters, that are silent and do not learn for a batch, the "
                    "same in all its samples and parts; nothing is scaled (experimental). No layer may add currents of "
                    "others.")
    augment: AugmentConfig = Field(
        AugmentConfig(), description="By how much training samples differ each time they are seen.")
    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        1, description="The threads of PyTorch; results repeat to the bit for a given number.")
    regrid: tuple[RegridConfig, ...] = Field(
        (), description="Changes of the weights' bits and scales in the course of training, in order.")
    parts: Annotated[int, Field(ge=1, le=65536)] = Field(
        1, description="A batch is learned from in so many parts, whose gradients add up.")
    parallel: Literal["data", "blocks"] = Field(
        "data", description="What the processes of torchrun share: the parts of a batch, or the blocks.")
