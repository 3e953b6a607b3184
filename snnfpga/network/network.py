"""The network that is trained: float weights behind quantisers, and the specification they will be built by."""

import numpy as np
import torch
from torch import Tensor, nn

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.weights import stored_weights

from .exact import check_exact, loose_layers
from .quantize import QuantisedWeights
from .specify import fixed_gain
from .surrogates import lowered
from .window import BlockWeights

REMEDY = ("lower training.rate, or the factors of learning.traces (snnfpga diagnose says how the layers stand). A "
          "checkpoint that was saved before stays")


class TrainedBlock(nn.Module):
    """Float weights of a block.

    Attributes
    ----------
    unit
        Fraction bits of a learned readout's integer logits.
    """

    def __init__(self, layers: list[QuantisedWeights], readout: QuantisedWeights | Tensor, unit: int,
                 neurons: int) -> None:
        super().__init__()
        self.unit, self._neurons = unit, neurons
        self.layers = nn.ModuleList(layers)
        self.learned_readout = readout if isinstance(readout, QuantisedWeights) else None
        self.register_buffer("fixed_readout", None if self.learned_readout is not None else readout)

    def integers(self) -> BlockWeights:
        """Integer-valued weights; gradients reach the float ones."""
        readout = self.fixed_readout if self.learned_readout is None else self.learned_readout()
        return BlockWeights([layer() for layer in self.layers], readout)

    @property
    def logit_scale(self) -> float:
        """A real logit is an integer one times this."""
        return 1.0 / fixed_gain(self._neurons) if self.learned_readout is None else 2.0 ** -self.unit

    def clip(self) -> None:
        """Bring every weight back to its range."""
        for weights in (*self.layers, self.learned_readout):
            if weights is not None:
                weights.clip()


class SpikingNetwork(nn.Module):
    """Blocks in training; ``spec`` says what their integers mean."""

    def __init__(self, spec: NetworkSpec, blocks: list[TrainedBlock]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.specify(spec)

    def specify(self, spec: NetworkSpec) -> None:
        """Take what the integers mean from here on."""
        self.spec = spec
        self._loose = loose_layers(spec)

    def integers(self) -> list[BlockWeights]:
        """Integer-valued weights of each block, quantised once.

        Raises
        ------
        SnnfpgaError
            If float32 may round their sums and :meth:`check_finite` refuses them.
        SpecError
            If they have grown so that float32 would round their sums.
        """
        integers = [block.integers() for block in self.blocks]
        if self._loose:
            self.check_finite()
            check_exact(self.spec, integers)
        return integers

    @torch.no_grad()
    def check_finite(self) -> None:
        """Refuse float weights that training has spoilt: a neuron whose membrane is NaN never fires, and no loss tells.

        Raises
        ------
        SnnfpgaError
            If what is quantised of a layer or a readout is NaN or infinite.
        """
        for number, block in enumerate(self.blocks):
            parts = {f"block {number} layer {index}": layer for index, layer in enumerate(block.layers)}
            if block.learned_readout is not None:
                parts[f"the readout of block {number}"] = block.learned_readout
            for place, weights in parts.items():
                wanted = weights.wanted()       # with the gains, and before the quantiser clips what is infinite
                lost = int((~wanted.isfinite()).sum())
                if lost:
                    raise SnnfpgaError(f"Training stopped: {lost} of {wanted.numel()} weights of {place} are NaN or "
                                       f"infinite; {REMEDY}")

    def clip(self) -> None:
        for block in self.blocks:
            block.clip()

    @torch.no_grad()
    def export(self) -> Network:
        """The network as the hardware holds it; raises as :meth:`integers`."""
        weights, readouts = [], []
        for block, integers in zip(self.spec.blocks, self.integers(), strict=True):
            weights.append(tuple(stored(matrix, layer.weights.bits, layer.weights.shadow_bits)
                                 for matrix, layer in zip(integers.layers, block.layers, strict=True)))
            readouts.append(stored(integers.readout, block.readout.weight_bits, block.readout.shadow_bits))
        return Network(spec=lowered(self.spec), weights=tuple(weights), readouts=tuple(readouts),
                       window_numbers=(0,) * len(readouts))


def stored(weights: Tensor, bits: int, shadow_bits: int) -> np.ndarray:
    """Stored weights, int32, of integer-valued ones; see :func:`rtl_gen.contract.weights.stored_weights`."""
    return stored_weights(weights.cpu().numpy().astype(np.int32), bits, shadow_bits)
