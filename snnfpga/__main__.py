"""``python -m snnfpga``: for torchrun, and where no script is on the path."""

from .cli import main

main()
