"""Why a module of PyTorch has no counterpart here, and what to take in its place."""

from typing import Any

_FILE = ("its package's modules are read from files alone: write one with {writer}, and take snnfpga import --from "
         "{name}")
_WRITERS = {"norse": "norse.torch.to_nir", "sinabs": "sinabs.nir.to_nir"}
_REASONS = {
    "it is recurrent, which here snnTorch's RLeaky and RSynaptic alone are; take one of these": (
        "LinearRecurrentContainer", "ElementWiseRecurrentContainer", "RNN", "GRU", "LSTM", "SLSTM", "SConv2dLSTM"),
    "it integrates and never fires; leave it out where it is the last, as a Linear at the end is summed over the "
    "steps, or import a file with its LI and --reading": ("NonSpikingIFNode", "NonSpikingLIFNode"),
    "no neuron here computes what it does; take Leaky or Synaptic, or IFNode, LIFNode or CUBALIFNode": (
        "Alpha", "Lapicque", "AssociativeLeaky", "DeltaLeaky", "LinearLeaky", "StateLeaky", "LeakyParallel", "EIFNode",
        "QIFNode", "IzhikevichNode", "KLIFNode", "LIAFNode", "GatedLIFNode", "PSN", "MaskedPSN", "SlidingPSN",
        "ComplementaryLIFNode", "ILIFNode", "TernaryIFNode", "TernaryLIFNode", "FewSpikeNode", "RAFNode"),
    "it normalises by what comes in, not by numbers that stand; take BatchNorm2d, which is folded into the weights": (
        "GroupNorm", "LayerNorm", "InstanceNorm2d", "BatchNormTT1d", "BatchNormTT2d"),
    "it passes on numbers that are no spikes; take spiking neurons": (
        "ReLU", "LeakyReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "Softmax"),
    "there are connections along a line or in space alone as Linear and Conv2d; take one": (
        "Conv1d", "Conv3d", "ConvTranspose2d", "AvgPool1d", "MaxPool1d", "Bilinear", "Embedding"),
    "the size of its squares is not said; take AvgPool2d": ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"),
    "it adds branches up, and only a chain is read; train without it": ("Merge", "MultiheadAttention"),
}
_BY_KIND = {kind: reason for reason, kinds in _REASONS.items() for kind in kinds}


def why_not(module: Any) -> str | None:
    """The reason and what to do; None of a module of which nothing is known."""
    package = type(module).__module__.split(".")[0]
    if package in _WRITERS:
        return _FILE.format(writer=_WRITERS[package], name=package)
    return _BY_KIND.get(type(module).__name__)
