"""Host script: learns from random samples in simulation and gives the counters of each."""

import numpy as np

from board.host.host import Host
from rtl_gen.contract.network_file import read
from rtl_gen.contract.protocol import Status


def samples(spec, count, steps, density):
    """Random spikes, (steps, inputs), and a label, so many times."""
    generator = np.random.default_rng(5)
    for _ in range(count):
        spikes = (generator.random((steps, spec.inputs)) < density).astype(np.uint8)
        yield spikes, int(generator.integers(spec.classes))


def measure(link, spec, network, count, steps, density):
    """For each sample: events of each step, active inputs of each window, counters."""
    host = Host(link, spec, timeout_s=600)
    host.load(read(network))
    window, found = spec.blocks[0].window, []
    for spikes, label in samples(spec, count, steps, density):
        host.clear_counters()
        host.run(spikes, label=label, learn=True)
        host.wait_for(Status.IDLE)
        rows = [int(spikes[start:start + window].any(axis=0).sum()) for start in range(0, steps, window)]
        found.append((spikes.sum(axis=1).tolist(), rows, host.counters()))
    return found
