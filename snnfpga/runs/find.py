"""Which run, and which network, a command means."""

from pathlib import Path

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import quoted

RUNS = Path("runs")
BUILDS = Path("build")
NETWORK = "network.safetensors"
CONFIG = "config.yaml"
CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"       # a checkpoint of the best epoch, where samples are held out
METRICS = "metrics.jsonl"
DATA = "data.npz"               # of a run on samples that a program had in memory
TENSORBOARD = "tensorboard"
ACTIVITY = "activity"           # in a network's notes: what its data asks of each block, rtl_gen.activity
LOGIT_SCALE = "logit_scale"     # in a network's notes: a real logit is an answer of the last block times this


def newest_run() -> Path:
    """The run below ``runs/`` whose network was written last.

    Raises
    ------
    SnnfpgaError
        If there is none.
    """
    networks = sorted(RUNS.glob(f"*/{NETWORK}"), key=lambda path: path.stat().st_mtime_ns)
    if not networks:
        raise SnnfpgaError("No finished run below runs/; make one with: snnfpga train", USAGE)
    return networks[-1].parent


def find_network(target: Path | None) -> Path:
    """The network file of a run's folder, the file itself, or where ``target`` is None that of the newest run.

    Raises
    ------
    SnnfpgaError
        If it is not there.
    """
    if target is None:
        return newest_run() / NETWORK
    if target.is_dir():
        network = target / NETWORK
        if not network.exists():
            raise SnnfpgaError(f"Run {target} holds no {NETWORK}; finish it with: "
                               f"snnfpga train --resume --out {quoted(target)}", USAGE)
        return network
    if not target.exists():
        raise SnnfpgaError(f"No run or network {target}; make one with: snnfpga train", USAGE)
    return target


def find_build(target: Path | None) -> Path:
    """The build's folder, or where ``target`` is None the newest build's below ``build/``.

    Raises
    ------
    SnnfpgaError
        If it is not there.
    """
    from board.plan import MANIFEST

    if target is not None:
        if not target.is_dir():
            raise SnnfpgaError(f"No build folder {target}; make one with: snnfpga build", USAGE)
        if (target / NETWORK).exists() and not (target / MANIFEST).exists():
            raise SnnfpgaError(f"{target} is a run, not a build; build it with: snnfpga build {quoted(target)}", USAGE)
        return target
    manifests = sorted(BUILDS.glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns)
    if not manifests:
        raise SnnfpgaError(f"No build below {BUILDS}/; make one with: snnfpga build", USAGE)
    return manifests[-1].parent
