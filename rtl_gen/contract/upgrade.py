"""Specifications of older network files, brought to the form of today."""

from typing import Any

# Fields of the layers of format 1, which had no parts, by the part that has them now.
_PARTS = {
    "weights": {"weight_bits": "bits", "shadow_bits": "shadow_bits", "fraction_bits": "fraction_bits", "bias": "bias"},
    "neuron": {"membrane_bits": "membrane_bits", "leak_shift": "leak_shift", "threshold": "threshold",
               "reset": "reset", "threshold_shift": "threshold_shift"},
    "surrogate": {"surrogate": "shape", "surrogate_width": "width", "surrogate_height": "height"},
    "update": {"rate_shift": "rate_shift", "rounding": "rounding", "feedback_shift": "feedback_shift"},
}


def from_format_1(spec: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The table of a network of format 1 as one of format 2, and the surrogate that it was trained with.

    That is None where training took the hardware's own; it is a note of the file now, no field of a layer.
    """
    surrogate = None
    blocks = []
    for block in spec["blocks"]:
        surrogate = next((layer["host_surrogate"] for layer in block["layers"] if layer.get("host_surrogate")),
                         surrogate)
        blocks.append({**block, "layers": [_layer(layer) for layer in block["layers"]],
                       "directives": _directives(block["directives"])})
    return {**spec, "blocks": blocks}, surrogate


def _directives(old: dict[str, Any]) -> dict[str, Any]:
    """The flag ``learning`` has become the name of the engine that learns."""
    kept = {name: value for name, value in old.items() if name != "learning"}
    return {**kept, "engine": "reverse" if old["learning"] else "none"}


def _layer(flat: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        part: {new: flat[old] for old, new in names.items() if old in flat} for part, names in _PARTS.items()}
    found["neuron"]["kind"] = "lif"
    found |= {name: flat[name] for name in ("pool", "residual") if flat.get(name) is not None}
    if flat.get("conv") is not None:
        found["synapses"] = {"kind": "conv", **flat["conv"]}
        return found
    found["synapses"] = {"kind": "dense", "inputs": flat["inputs"], "outputs": flat["outputs"]}
    if flat.get("recurrent"):
        found["synapses"]["recurrent"] = True
    if "pool" in found:
        found["synapses"]["inputs"] = _pooled(found["pool"])
    return found


def _pooled(pool: dict[str, Any]) -> int:
    """Values that come out of a pool's table."""
    grow = (pool["size"] - 1) * pool.get("partial", False)
    return (pool["height"] + grow) // pool["size"] * ((pool["width"] + grow) // pool["size"]) * pool["channels"]
