"""Small networks for tests whose layers lie on grids."""

from dataclasses import replace

from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.synapses.conv import ConvSpec

from .networks import network_spec


def grid_spec(*, grid, filters, kernel, stride=1, padding=0, groups=1, pool=None, readout_pool=None, **settings):
    """A network of one block of one convolution over ``grid``, (height, width, channels).

    ``pool`` of the events, and ``readout_pool`` of the spikes, are (kind, size) or (kind, size, partial); the
    convolution is then over what is left of the grid. What else there is, is that of :func:`.networks.network_spec`.
    """
    before = None if pool is None else pooled(grid, *pool)
    if before is not None:
        grid = before.out_height, before.out_width, before.channels
    height, width, channels = grid
    synapses = ConvSpec(height=height, width=width, channels=channels, filters=filters, kernel=kernel, stride=stride,
                        padding=padding, groups=groups)
    spec = network_spec(**{"inputs": synapses.inputs, "sizes": (synapses.outputs,), **settings})
    (block,) = spec.blocks
    behind = None if readout_pool is None else pooled(
        (synapses.out_height, synapses.out_width, filters), *readout_pool)
    layer = replace(block.layers[0], synapses=synapses, pool=before)
    block = replace(block, layers=(layer,), readout=replace(block.readout, pool=behind))
    return replace(spec, blocks=(block,))


def pooled(grid, kind, size, partial=False):
    """Pooling of a grid, (height, width, channels)."""
    height, width, channels = grid
    return PoolSpec(kind=kind, size=size, height=height, width=width, channels=channels, partial=partial)
