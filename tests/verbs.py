"""The command line from within a test, and a small run for it to work on."""

from pathlib import Path

import numpy as np
import pytest

from rtl_gen.contract import network_file
from snnfpga.cli import main
from snnfpga.config.data import DataConfig
from snnfpga.config.file import write_config
from snnfpga.config.models import Config

from .networks import network, samples

# What is told on the way of every training of one's own data, and of every learning on chip.
ON_THE_WAY = ("Defaults for own data ", "Learning on chip, measured on ", "Hardware: ")
NOT_CALIBRATED = ("are too few to calibrate learning on chip", "was not calibrated for learning on chip",
                  "unchanged data; learn with a guard")

# Rates by hand, so that none is searched for, which takes longer than all else of a small training.
UNSEARCHED = ("--set", "on_chip.rate_shift=8", "--set", "on_chip.readout_rate_shift=2")


def call(capture, *arguments, whole=False):
    """Exit code, standard output and standard error; ``capture`` is capsys or capfd.

    What is told on the way is left out of standard error, but where the ``whole`` of it is asked for.
    """
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    out, err = capture.readouterr()
    if not whole:
        err = "".join(line for line in err.splitlines(keepends=True) if not line.startswith(ON_THE_WAY)
                      and not any(words in line for words in NOT_CALIBRATED))
    return left.value.code or 0, out, err


def small_data():
    """``mine.npz`` in the working directory: four classes that fire in four groups of inputs."""
    rng = np.random.default_rng(0)
    label = np.arange(40) % 4
    rate = 0.05 + 0.4 * (np.arange(8) // 2 == label[:, None, None])
    np.savez("mine.npz", spikes=(rng.random((40, 6, 8)) < rate).astype(np.uint8), label=label)


def small_run():
    """``runs/small`` and its data, ``small.npz``, in the working directory; gives network, folder and configuration."""
    made = network()
    spikes, labels = samples(made.spec, 10)
    np.savez("small.npz", spikes=spikes, label=labels, split=np.array(["train"] * 5 + ["test"] * 5))
    folder = Path("runs/small")
    folder.mkdir(parents=True)
    config = Config(name="small", data=DataConfig(name="small.npz"))
    write_config(folder / "config.yaml", config)
    network_file.write(folder / "network.safetensors", made, notes={"data": config.data.model_dump_json()})
    return made, folder, config
