"""A run's folder: made for a new run, checked for one to resume, filled at the end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtl_gen.network_file import Network, write

from .config import Config
from .config_file import check, parse, write_config
from .errors import USAGE, SnnfpgaError
from .runs import CHECKPOINT, CONFIG, METRICS, NETWORK


def check_free(folder: Path, overwrite: bool) -> None:
    """Refuse to touch a run that is there already, unless it is to be overwritten.

    Raises
    ------
    SnnfpgaError
        If a run, or a file, is there.
    """
    if folder.exists() and not folder.is_dir():
        raise SnnfpgaError(f"--out must be a folder, and {folder} is a file", USAGE)
    if _ours(folder) and not overwrite:
        raise SnnfpgaError(f"Run {folder} exists; go on with --resume, start anew with --overwrite, or choose another "
                           "place with --out", USAGE)


def open_new(folder: Path, config: Config) -> None:
    """Make ``folder`` for a new run, and clear it of an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*_ours(folder), *(folder / "tensorboard").glob("events.out.tfevents.*")):
        path.unlink()
    write_config(folder / CONFIG, config)


def _ours(folder: Path) -> list[Path]:
    return [folder / name for name in (NETWORK, CHECKPOINT, METRICS, CONFIG) if (folder / name).exists()]


def check_same(folder: Path, config: Config) -> None:
    """Refuse to resume a run under another configuration.

    Raises
    ------
    SnnfpgaError
        If there is no run, or a value differs; the first is named.
    """
    before = read_run_config(folder)
    if before != config:
        key, old, new = next(_differences(before.model_dump(mode="json"), config.model_dump(mode="json")))
        raise SnnfpgaError(f"Run {folder} was begun with {key} = {old!r} and cannot be resumed with {new!r}; choose "
                           "another place with --out", USAGE)


def read_run_config(folder: Path) -> Config:
    """The configuration a run was made with."""
    path = folder / CONFIG
    if not path.exists():
        raise SnnfpgaError(f"No run {folder} to resume; train without --resume", USAGE)
    return check(parse(path.read_text(), str(path)))


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            yield from _differences(before[key], after[key], f"{path}.{key}" if path else key)
    elif before != after:
        yield path, before, after


def write_network(folder: Path, network: Network, config: Config, test_accuracy: float) -> Path:
    """Write the network file; its notes say what data it was trained on, and how well it does."""
    path = folder / NETWORK
    write(path, network, notes={"data": config.data.model_dump_json(), "test_accuracy": json.dumps(test_accuracy)})
    return path
