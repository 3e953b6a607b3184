"""What learning has to remember: K steps on the chip, against all T steps, and what PyTorch kept."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rtl_gen.contract.declared import state_buffer_bits
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.regular import regular
from rtl_gen.contract.spec import NetworkSpec

from ..runs.find import CHECKPOINT, NETWORK
from .figures import against, axis
from .page import Section
from .parts import Paragraph, Part, Tiles, number

LONGEST = (1 << 16) - 1         # steps of the longest sample a specification can have


def peak_activation_bytes(folder: Path) -> int | None:
    """The most that PyTorch kept to learn from a batch, as the run's checkpoint says; None where there is none.

    Raises
    ------
    SnnfpgaError
        If the checkpoint is damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        with safe_open(regular(path), framework="numpy") as file:
            return int(json.loads((file.metadata() or {})["progress"])["peak_activation_bytes"])
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise SnnfpgaError(f"Checkpoint {path} is damaged ({error}); train again, or remove it") from None


def over_window(spec: NetworkSpec, window: int) -> int:
    """Bits of state for learning if every block's window were ``window`` steps.

    By the same formula as for the network itself, so that nothing but the window differs.
    """
    blocks = tuple(replace(block, window=window, loss_steps=min(block.loss_steps, window)) for block in spec.blocks)
    deep = replace(spec, blocks=blocks, max_steps=max(spec.max_steps, window))
    return sum(state_buffer_bits(deep, block) for block in range(len(blocks)))


def memory(folder: Path, network: Network | None, no_network: str) -> Section:
    """The section on memory of the run in ``folder``."""
    about = ("Bits the chip's buffers hold between a step and the update it leads to, by formula. Truncated learning "
             "keeps K steps, so its line is flat; remembering a whole sample of T steps grows with T.")
    if network is None:
        return Section("Memory for learning", about, missing=no_network)
    spec = network.spec
    kept = sum(state_buffer_bits(spec, block) for block in range(len(spec.blocks)))
    if not kept:
        return Section("Memory for learning", about, missing="No block of this network has an update engine, so the "
                       "chip keeps no state for learning; `hardware.learning` switches it on.")
    whole = over_window(spec, spec.max_steps)
    windows = sorted({block.window for block in spec.blocks})
    named = " and ".join(str(window) for window in windows)
    parts: list[Part] = [
        Tiles([(f"{number(kept)} bits", f"kept for K = {named} steps, however long a sample is"),
               (f"{number(whole)} bits", f"would be kept for all T = {spec.max_steps} steps of this network's longest "
                f"sample: {whole / kept:.1f} times as much")]),
        _figure(spec, kept, named)]
    peak = peak_activation_bytes(folder)
    if peak is None:
        parts.append(Paragraph(f"How much PyTorch kept is not known: there is no `{CHECKPOINT}` in this folder."))
    else:
        parts.append(Paragraph(f"PyTorch, training this run, kept {number(peak)} bytes of activations at the peak, for "
                           "a whole batch and in floating point. That is measured; the bits above are for one "
                           "sample, as the chip learns."))
    sources = [folder / name for name in (NETWORK, CHECKPOINT) if (folder / name).exists()]
    return Section("Memory for learning", about, tuple(parts), tuple(sources))


def _figure(spec: NetworkSpec, kept: int, named: str) -> Part:
    shortest = max(block.window for block in spec.blocks)
    longest = min(LONGEST, max(64 * shortest, 8 * spec.max_steps))
    places = [shortest]
    while places[-1] < longest:
        places.append(min(longest, 2 * places[-1]))
    curves = {f"K = {named} steps": [kept / 1000] * len(places),
              "all T steps": [over_window(spec, place) / 1000 for place in places]}
    x = _decades("T, steps of a sample", places)
    y = _decades("kbit", _round_values(max(curves["all T steps"])))
    return against("State for learning against the length of a sample", x, y, places, curves,
                   (spec.max_steps, f"T = {spec.max_steps} here"))


def _decades(title: str, ticks: list[int] | list[float]) -> dict[str, Any]:
    """A logarithmic axis that names ``ticks`` and nothing between them."""
    return axis(title, type="log", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])


def _round_values(highest: float) -> list[float]:
    """1, 2 and 5 of each decade, in kbit, up to a step above ``highest``."""
    values = [digit * 10.0 ** power for power in range(-3, 8) for digit in (1, 2, 5)]
    return [value for value in values if value <= 2.5 * highest]
