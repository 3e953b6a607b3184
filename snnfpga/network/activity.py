"""What samples ask of each block's engines: events, silent steps, active inputs of a window."""

import torch
from torch import Tensor

from rtl_gen.activity import Activity
from rtl_gen.contract.engines.folded.reach import places_seeing
from rtl_gen.contract.plan import LayerPlan, plan_of
from rtl_gen.contract.spec import NetworkSpec

from ..data.dataset import Split
from .inference import batches, run_block
from .synapses import pooled
from .window import BlockWeights

SAMPLES = 64        # that a mean is taken of


@torch.no_grad()
def activity_of(spec: NetworkSpec, weights: list[BlockWeights], split: Split) -> tuple[Activity, ...]:
    """Every block's activity, input side first, as means over the samples of ``split``, of which there must be one."""
    sums = torch.zeros(len(spec.blocks), 5, dtype=torch.float64)
    plans = [plan_of(block) for block in spec.blocks]
    entries = [torch.zeros(len(plan.layers), dtype=torch.float64) for plan in plans]
    for events, within in batches(split, weights):
        inside = torch.ones_like(events[..., :1]) if within is None else within.to(events.dtype)   # (T, B, 1)
        for index, (block, own) in enumerate(zip(spec.blocks, weights, strict=True)):
            sums[index] += _sums(events, inside, block.window).cpu()
            spikes = run_block(block, own, events, within).spikes
            if not plans[index].flat:
                entries[index] += torch.stack([_entries(layer, came, fired, inside) for layer, came, fired in
                                               zip(plans[index].layers, [events, *spikes], spikes, strict=False)])
            events = spikes[-1]
    return tuple(Activity(steps=steps / len(split), windows=windows / len(split), events=events / steps,
                          silent=silent / steps, rows=rows / windows,
                          entries=() if plan.flat else tuple((many / steps).tolist()))
                 for (steps, windows, events, silent, rows), plan, many in zip(
                     sums.tolist(), plans, entries, strict=True))


def _entries(layer: LayerPlan, came: Tensor, fired: Tensor, inside: Tensor) -> Tensor:
    """Entries of a layer in all steps ``inside`` samples, of what came, (T, B, inputs), and of its own spikes."""
    seen = torch.from_numpy(places_seeing(layer)).to(came.device, torch.float64)
    read = pooled((came * inside).flatten(0, 1), layer.layer.pool)
    own = (fired[:-1] * inside[1:]).sum() if layer.layer.synapses.recurrent else 0
    return ((read * seen[:layer.layer.synapses.inputs]).sum() + own).cpu()


def _sums(events: Tensor, inside: Tensor, window: int) -> Tensor:
    """Steps, windows, events, silent steps, and inputs active in a window, of events (T, B, inputs)."""
    active = (events > 0) * inside
    counts = active.sum(2, keepdim=True)
    windows = [(part.amax(0).sum(), part_inside.amax(0).sum())
               for part, part_inside in zip(active.split(window), inside.split(window), strict=True)]
    rows, number = (torch.stack(values).sum() for values in zip(*windows, strict=True))
    return torch.stack([inside.sum(), number, counts.sum(), ((counts == 0) * inside).sum(), rows]).double()
