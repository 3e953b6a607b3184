"""Run on the board, as root: load the core and its network, measure, and learn.

    sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz            what it answers
    sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz --learn 1  and one pass of learning before

``samples.npz`` holds ``spikes`` (N, T, inputs), 0 and 1, and ``label`` (N,). What was learned is written to
``learned/``, in the form of this folder, and can be loaded again with ``--network learned``.
"""

import argparse
from pathlib import Path

import numpy as np

from board import archive
from board.host import Host
from board.pynq_z2.attach import attach


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bitstream", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--network", type=Path, default=here, help="folder with spec.json and weights.npz")
    parser.add_argument("--learn", type=int, default=0, metavar="N", help="passes of learning")
    parser.add_argument("--clock-mhz", type=float, default=100.0)
    options = parser.parse_args()

    network = archive.read(options.network)
    host = Host(attach(options.bitstream, clock_mhz=options.clock_mhz), archive.read_spec(here))
    host.load(network)
    with np.load(options.samples, allow_pickle=False) as file:
        spikes, labels = file["spikes"].reshape(len(file["label"]), -1, network.spec.inputs), file["label"]

    for _ in range(options.learn):
        for sample, label in zip(spikes, labels, strict=True):
            host.run(sample, label=int(label), learn=True)
    if options.learn:
        folder = here / "learned"
        folder.mkdir(exist_ok=True)
        archive.write(folder, host.network())
        print(f"Learned weights: {folder}")

    host.clear_counters()
    right = sum(host.run(sample).prediction == label for sample, label in zip(spikes, labels, strict=True))
    print(f"Accuracy: {right / len(labels):.4f} of {len(labels)} samples")
    for name, value in host.counters().items():
        print(f"  {name:28} {value}")


if __name__ == "__main__":
    main()
