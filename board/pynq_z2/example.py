"""Run on the board, as root: load the core and its network, learn, and measure.

examples:
  sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz
      what it answers, on all samples, or on those that the file marks as test
  sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz --learn 1
      and before it one pass of learning
  sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz --learn 3 --seed 1 --guard 0.1
      three passes, each in another drawn order; the weights that answer most of a tenth held out are kept
  sudo python3 example.py ../snnfpga_pynq_z2.bit samples.npz --learn 1 --save-every 100 --resume
      saved on the way; the same line again goes on where the power went

samples.npz is what snnfpga export-samples writes: spikes (N, T, inputs), dense, 0 and 1, in the order and time steps
that the network was trained with, and label (N,), -1 where a sample has none: it is answered and not learned from.
Where it holds length (N,), a sample ends there; where it holds split (N,), of the words train and test, those of train
are learned from. Without split the last fifth, or --held-out, is not learned from. Accuracy is measured on samples not
learned from alone, before and after. What was learned is written to learned/, in the form of this folder, and can be
loaded again with --network learned. snnfpga rehearse runs this program without a board.
"""

import sys
from pathlib import Path

from board.host import program
from board.pynq_z2.attach import attach
from board.pynq_z2.constants import CLOCK_MHZ


def main() -> int:
    """The exit code: 0 done, 1 failed, 2 wrong usage or input."""
    return program.main(attach, folder=Path(__file__).parent, clock_mhz=CLOCK_MHZ, about=__doc__)


if __name__ == "__main__":
    sys.exit(main())
