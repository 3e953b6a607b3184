"""What of a network has no hardware, and what cannot learn on chip; PyTorch and the reference run more."""

from .checks import SpecError
from .spec import MAX_INPUTS, NetworkSpec

MAX_HARDWARE_BLOCKS = 16    # that the ids of memories tell apart


def check_hardware(spec: NetworkSpec) -> None:
    """Refuse what the reference computes and no component does.

    Raises
    ------
    SpecError
        If there are too many blocks, a block has more than one layer, or as :func:`check_learning`.
    """
    check_learning(spec)
    if len(spec.blocks) > MAX_HARDWARE_BLOCKS:
        raise SpecError(f"A network in hardware must have at most {MAX_HARDWARE_BLOCKS} blocks, not "
                        f"{len(spec.blocks)}; run it on torch or the reference")
    for index, block in enumerate(spec.blocks):
        if block.depth != 1:
            raise SpecError(f"A block in hardware must have 1 layer, not {block.depth} as block {index} has; "
                            "split it into blocks of one layer, or run it on the reference")
        if max(block.inputs, block.outputs) > MAX_INPUTS:
            raise SpecError(f"A block in hardware must have at most {MAX_INPUTS} inputs and neurons, not "
                            f"{max(block.inputs, block.outputs)} as block {index} has; make it smaller")


def check_learning(spec: NetworkSpec) -> None:
    """Refuse what the update engine, and the reference that it equals, cannot learn.

    Raises
    ------
    SpecError
        If a block has binary weights, learned thresholds, residual currents, or something else than each input at
        each neuron.
    """
    for index, block in enumerate(spec.blocks):
        grid = block.readout.pool or next((la for la in block.layers if la.pool or la.synapses.kind != "dense"), None)
        if grid or any(layer.synapses.recurrent for layer in block.layers):
            raise SpecError("A block in hardware, or that is to learn on chip, must have each input at each "
                            f"neuron, and block {index} has a "
                            f"{'convolution or pooling' if grid else 'recurrent layer'}; evaluate it on torch or "
                            "the reference")
        if block.sources:
            raise SpecError("Layers in hardware, or that are to learn on chip, must have their own currents alone, "
                            f"and block {index} adds those of earlier layers; evaluate it on torch or the "
                            "reference")
        if any(layer.neuron.threshold_shift is not None for layer in block.layers):
            raise SpecError("Neurons in hardware, or that are to learn on chip, must have the threshold of their "
                            f"layer, and block {index} has learned ones; evaluate it on torch or the reference")
        if min(block.readout.weight_bits, *(layer.weights.bits for layer in block.layers)) < 2:
            raise SpecError("Weights in hardware, or that are to learn on chip, must have at least 2 bits, not 1 "
                            f"as in block {index}; take 2")
