"""Run on the board, as root: load the core and its network, learn, and measure.

    sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz            what it answers, on all samples
    sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz --learn 1  and before it one pass of learning

``samples.npz`` holds ``spikes`` (N, T, inputs), dense, 0 and 1, in the order and time steps that the network was
trained with, and ``label`` (N,); the axes of ``inputs`` may be several. With ``--learn`` the last fifth of the samples,
or ``--held-out``, is not learned from: accuracy is measured on it alone, before and after. What was learned is written
to ``learned/``, in the form of this folder, and can be loaded again with ``--network learned``.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from board.host import archive
from board.host.host import Host
from board.pynq_z2.attach import attach
from board.pynq_z2.constants import CLOCK_MHZ


def read_samples(path: Path, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Spikes (N, T, inputs) and labels (N,) of a file; exits with a line where it does not hold them."""
    with np.load(path, allow_pickle=False) as file:
        lacking = [name for name in ("spikes", "label") if name not in file.files]
        if lacking:
            sys.exit(f"{path} must hold dense spikes (N, T, inputs) and label (N,), and lacks {' and '.join(lacking)}; "
                     "sort events into time steps first, as for training")
        spikes, labels = file["spikes"], file["label"]
    if spikes.ndim < 3 or labels.shape != spikes.shape[:1] or np.prod(spikes.shape[2:]) != inputs:
        sys.exit(f"{path} must hold spikes (N, T, {inputs}) and label (N,), not {spikes.shape} and {labels.shape}")
    return spikes.reshape(*spikes.shape[:2], inputs), labels


def accuracy(host: Host, spikes: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean([host.run(sample).prediction == label for sample, label in zip(spikes, labels, strict=True)]))


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bitstream", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--network", type=Path, default=here, help="folder with spec.json and weights.npz")
    parser.add_argument("--learn", type=int, default=0, metavar="N", help="passes of learning")
    parser.add_argument("--held-out", type=float, default=0.2, metavar="SHARE",
                        help="of the samples, the last, to measure on and not to learn from")
    parser.add_argument("--clock-mhz", type=float, default=CLOCK_MHZ)
    options = parser.parse_args()

    network = archive.read(options.network)
    spikes, labels = read_samples(options.samples, network.spec.inputs)
    lessons = len(labels) - round(options.held_out * len(labels)) if options.learn else 0
    if not 0 <= lessons < len(labels) or (options.learn and not lessons):
        sys.exit(f"Of {len(labels)} samples {lessons} would be learned from; both those and the rest must be some")
    test = spikes[lessons:], labels[lessons:]
    host = Host(attach(options.bitstream, clock_mhz=options.clock_mhz), archive.read_spec(here))
    host.load(network)
    if options.learn:
        print(f"Accuracy before: {accuracy(host, *test):.4f} of the last {len(test[1])} samples, not learned from")
    for _ in range(options.learn):
        for sample, label in zip(spikes[:lessons], labels[:lessons], strict=True):
            host.run(sample, label=int(label), learn=True)
    if options.learn:
        folder = here / "learned"
        folder.mkdir(exist_ok=True)
        archive.write(folder, host.network())
        print(f"Learned weights: {folder}")

    host.clear_counters()
    print(f"Accuracy: {accuracy(host, *test):.4f} of the last {len(test[1])} samples")
    for name, value in host.counters().items():
        print(f"  {name:28} {value}")


if __name__ == "__main__":
    main()
