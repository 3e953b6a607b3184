"""Neurons that leak by a sum of signed shifts in PyTorch, and the shifts that come near a leak."""

from itertools import combinations, product

import torch
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.shifts import MAX_SHIFTS

from ...config.network import LayerSettings

FINEST = 8              # size of the smallest shift
NEAR = 0.01             # how far what is kept may be from what was asked for
EXACT_BITS = 24         # of a product that float32 holds


def specified(settings: LayerSettings, threshold: int, threshold_shift: int | None) -> LifShiftsSpec:
    """The neuron that a configuration asks for, on the grid of its layer.

    Raises
    ------
    SnnfpgaError
        If neither ``keep`` nor a leak shift says what a membrane loses, or no shifts come near.
    """
    if settings.keep is None and settings.leak_shift is None:
        raise SnnfpgaError("Config network.neuron=lif_shifts needs network.keep, the share of itself that a membrane "
                           "keeps in a step, or a leak_shift; give one, or take network.neuron=lif", USAGE)
    shifts = (settings.leak_shift,) if settings.keep is None else near_shifts(
        settings.keep, settings.membrane_bits, "network.keep", "membrane",
        ", or take network.neuron=lif with leak_shift null for no leak")
    return LifShiftsSpec(membrane_bits=settings.membrane_bits, threshold=threshold, reset=settings.reset,
                         threshold_shift=threshold_shift, leak_shifts=shifts)


def near_shifts(keep: float, bits: int, key: str, state: str, otherwise: str = "") -> tuple[int, ...]:
    """The shifts by which a ``state``, such as a membrane, of so many bits keeps ``keep``, which ``key`` asks for.

    Raises
    ------
    SnnfpgaError
        If none come near; ``otherwise`` says what else there is.
    """
    shifts = nearest_shifts(keep, bits)
    found = 1 - _share(shifts)
    if abs(found - keep) > NEAR:
        raise SnnfpgaError(f"Config {key} must be within {NEAR} of what up to {MAX_SHIFTS} shifts of a {state} "
                           f"of {bits} bits can keep, not {keep}; the nearest is {found}{otherwise}", USAGE)
    return shifts


def nearest_shifts(keep: float, membrane_bits: int) -> tuple[int, ...]:
    """The fewest shifts, up to three, whose leak comes nearest to ``1 - keep``, 0 < keep < 1."""
    sizes = range(1, min(FINEST, membrane_bits - 1) + 1)
    found = [(first, *(sign * size for sign, size in zip(signs, rest, strict=True)))
             for count in range(MAX_SHIFTS) for first, *rest in combinations(sizes, count + 1)
             for signs in product((1, -1), repeat=count)]
    return min(found, key=lambda shifts: (abs(_share(shifts) - (1 - keep)), len(shifts)))


def share_kept(shifts: tuple[int, ...]) -> float:
    """The share of itself that a state keeps in a step with these shifts."""
    return 1.0 - _share(shifts)


def _share(shifts: tuple[int, ...]) -> float:
    return sum((1 if shift > 0 else -1) * 2.0 ** -abs(shift) for shift in shifts)


def lost(neuron: LifShiftsSpec, membrane: Tensor) -> Tensor:
    """What membranes, integer-valued, of any shape, lose in a step."""
    # The product can have more bits than float32 holds.
    exact = membrane.double() * (neuron.leak_factor * 2.0 ** -neuron.leak_bits)
    return torch.floor(exact).to(membrane.dtype)


def compiled_leak(neuron: LifShiftsSpec) -> float | None:
    """The factor of a leak ``floor(membrane * factor)``, where float32 holds the product; else None."""
    fits = neuron.membrane_bits - 1 + neuron.leak_factor.bit_length() <= EXACT_BITS
    return neuron.leak_factor * 2.0 ** -neuron.leak_bits if fits else None
