"""A network's core in a simulator, driven as the board would be."""

import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.claim import claimed_folder
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.network import Network, spec_digest
from rtl_gen.contract.network_file import read, write
from rtl_gen.contract.spec import NetworkSpec
from sim.core import run_on_core
from sim.runner import Design, build
from sim.simulators import choose, missing

from ..console import Advance
from ..data.dataset import Split
from .backend import Rates

DESIGNS = Path("build") / "simulation"
SCRIPTS = f"{__package__}.host_scripts"


def design(spec: NetworkSpec, simulator: str | None = None) -> Design:
    """The core of ``spec`` in a simulator, built below ``build/simulation``; what is there already is not built again.

    Raises
    ------
    SpecError
        If the network has no hardware, as :func:`rtl_gen.contract.limits.check_hardware` says.
    sim.simulators.SimulatorError
        If the simulator is missing, or cannot build the design.
    """
    from rtl_gen.core import Core

    check_hardware(spec)       # before there is a component that nothing would elaborate
    chosen = simulator or preferred()
    return build(Core(spec), build_dir=folder_of(spec, chosen), simulator=chosen, name="core")


def check_place(spec: NetworkSpec, simulator: str | None) -> None:
    """Refuse, before any work, a network without hardware, a simulator that is not there and a folder that cannot be
    written.

    Raises
    ------
    SpecError
        If the network has no hardware.
    sim.simulators.SimulatorError
        If the simulator is missing.
    rtl_gen.claim.PlaceError
        If its folder cannot be made or written.
    """
    check_hardware(spec)
    with claimed_folder(folder_of(spec, choose(simulator) if simulator else preferred()), "Simulation folder",
                        wait=True):
        pass


def folder_of(spec: NetworkSpec, simulator: str) -> Path:
    """Where the core of ``spec`` is built for a simulator."""
    return DESIGNS / f"{spec.name}-{spec_digest(spec)[:12]}-{simulator}"


def preferred() -> str:
    """Verilator where it can be used, as it is a hundred times as fast on a whole core; else Icarus.

    Raises
    ------
    sim.simulators.SimulatorError
        If neither can be used.
    """
    return "verilator" if missing("verilator") is None else choose(None)


def evaluate(network: Network, split: Split, advance: Advance,
             simulator: str | None = None) -> dict[str, NDArray[np.int64]]:
    """What :func:`snnfpga.backends.host_scripts.evaluate` saves: ``spikes0.0`` of block and layer, and the like."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "found.npz"
        _run(network, split, "evaluate", Path(folder), output, advance, simulator)
        with np.load(output) as file:
            return {name: file[name] for name in file.files}


def learn(network: Network, split: Split, advance: Advance,
          simulator: str | None = None, rates: Rates = None) -> tuple[Network, dict[str, int]]:
    """The network after the core has learned from ``split``, at the ``rates`` of each sample where there are some.

    It is read back from the core; beside it the core's counters.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "learned.safetensors"
        told = _run(network, split, "learn", Path(folder), output, advance, simulator, rates)
        return read(output), told["counters"]


def _run(network: Network, split: Split, script: str, folder: Path, output: Path, advance: Advance,
         simulator: str | None, rates: Rates = None) -> dict[str, Any]:
    samples, start, done = folder / "samples.npz", folder / "network.safetensors", folder / "done"
    of_steps = {} if split.step_labels is None else {"step_labels": split.step_labels}
    np.savez(samples, spikes=split.spikes[:], labels=split.labels, **of_steps,
             steps=[split.steps_of(number) for number in range(len(split))],
             rates=[network.rates] * len(split) if rates is None else rates)
    write(start, network)
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(done, ended, advance), daemon=True)
    watcher.start()
    try:
        return run_on_core(design(network.spec, simulator), script=f"{SCRIPTS}:{script}", arguments={
            "network": str(start), "samples": str(samples), "output": str(output), "done": str(done)})
    finally:
        ended.set()
        watcher.join()


def _watch(done: Path, ended: threading.Event, advance: Advance) -> None:
    """Move the progress bar by what the script in the simulator leaves word of."""
    shown, over = 0, False
    while not over:
        over = ended.wait(0.5)
        text = done.read_text("utf-8") if done.exists() else ""
        number = int(text) if text.isdigit() else shown
        advance(number - shown)
        shown = number
