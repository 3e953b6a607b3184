"""Small specifications for tests of components."""

from rtl_gen.spec import BlockSpec, Directives, LayerSpec, NetworkSpec, ReadoutSpec


def block(inputs, outputs, *, classes=3, learned=True, lanes=4, window=3, bias=True, shadow_bits=4, learning=True,
          rounding="nearest"):
    return BlockSpec(
        layers=(LayerSpec(
            inputs=inputs, outputs=outputs, weight_bits=8, shadow_bits=shadow_bits, fraction_bits=4, bias=bias,
            membrane_bits=14, leak_shift=2, threshold=64, reset="subtract", surrogate="boxcar", surrogate_width=48,
            surrogate_height=1, rate_shift=6, rounding=rounding, feedback_shift=0),),
        readout=ReadoutSpec(
            inputs=outputs, classes=classes, learned=learned, weight_bits=8 if learned else 2,
            shadow_bits=4 if learned else 0, rate_shift=4 if learned else 0,
            rounding=rounding if learned else "nearest",
            error_function="hard_sigmoid", logit_shift=1, dead_zone=2, accumulate="window"),
        window=window, loss_steps=window, update_interval=1,
        directives=Directives(lanes=lanes, memory="auto", learning=learning))


def network(*blocks, max_steps=6):
    return NetworkSpec(name="small", blocks=blocks, max_steps=max_steps, seed=7)
