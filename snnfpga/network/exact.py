"""When float32 is exact: every sum of the forward pass must stay below 2^24 units."""

from rtl_gen.arithmetic import answer_max, current_max
from rtl_gen.spec import NetworkSpec, SpecError

EXACT = 1 << 24


def check_exact(spec: NetworkSpec) -> None:
    """Assert that PyTorch computes ``spec`` without rounding.

    The bound is rows * max|w| plus the range of the membrane for a charge, and T * N * max|B| for an answer; partial
    sums, in whatever order, stay below it too.

    Raises
    ------
    SpecError
        If a sum could reach 2^24.
    """
    for b, block in enumerate(spec.blocks):
        for index, layer in enumerate(block.layers):
            largest = current_max(layer) + layer.membrane_max - layer.membrane_min
            if largest >= EXACT:
                raise SpecError(f"Block {b} layer {index} can charge a membrane up to {largest} units, and float32 is "
                                f"exact below {EXACT}; take fewer inputs, weight bits or membrane bits")
        largest = answer_max(block.readout, spec.max_steps)
        if largest >= EXACT:
            raise SpecError(f"Readout of block {b} can reach {largest} units in {spec.max_steps} steps, and float32 is "
                            f"exact below {EXACT}; take fewer steps, neurons or weight bits")
