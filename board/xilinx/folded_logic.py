"""What a folded block has of each term of the fit: what its layers share, by widths, and what each of them adds."""

from rtl_gen.contract.arithmetic import feedback_max, signed_bits
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.engines.folded.credits import FoldedCredits
from rtl_gen.contract.engines.folded.forward import FoldedForward
from rtl_gen.contract.engines.folded.reverse import FoldedReverse
from rtl_gen.contract.plan import plan_of

__all__ = ["FOLDED_TERMS", "of_folded"]

FOLDED_TERMS = {
    "folded": "a folded block",
    "layers": "a layer of it",
    "convolutions": "a shape of convolutions among them",
    "pools": "a pool among them, or before its readout",
    "walks": "the walk over rows of a folded block that learns",
    "fields": "a shape of convolutions whose fields are walked to learn",
    "folded update": "a bit of a lane's stored weight and of a row's sum",
    "gathered": "a bit of a lane's sum over places",
    "reverse": "a reverse pass through layers",
    "reached": "a layer that it goes through",
    "products": "a bit of a lane's weight and credit, which are multiplied and summed",
}


def of_folded(block: BlockSpec) -> dict[str, int]:
    """The amount of each term, and of those of flat blocks that folded ones have too."""
    plan, lanes = plan_of(block), block.directives.lanes
    forward = FoldedForward(plan)
    # What layers of one shape are told of it is the same.
    convolutions = len({layer.synapses for layer in block.layers if layer.synapses.kind == "conv"})
    kept = max((layer.current.bits for layer in block.layers if layer.current is not None), default=0)
    flows = signed_bits(forward.current_max) if block.sources else 0
    found = {"blocks": 1, "lanes": lanes, "folded": 1, "layers": block.depth, "convolutions": convolutions,
             "pools": sum(layer.pool is not None for layer in block.layers) + (block.readout.pool is not None),
             "sums": lanes * (signed_bits(forward.sum_max) + flows),
             "membranes": lanes * (block.layers[0].neuron.membrane_bits + kept)}
    if not block.directives.learns:
        return found
    reverse = FoldedReverse(plan)
    gate_bits = max(layer.surrogate.gate_bits for layer in block.layers)
    feedback_bits = signed_bits(max(feedback_max(block, number) for number in range(block.depth)))
    found |= {"walks": 1, "fields": convolutions, "gates": reverse.scan_lanes * gate_bits * feedback_bits,
              "folded update": lanes * (block.layers[0].weights.stored_bits + signed_bits(reverse.row_max)),
              "gathered": lanes * bool(convolutions) * signed_bits(reverse.delta_max)}
    if not reverse.scans:
        credits = FoldedCredits(plan)
        found |= {"reverse": 1, "reached": block.depth,
                  "products": lanes * (block.layers[0].weights.bits + credits.credit_bits)}
    return found
