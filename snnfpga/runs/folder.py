"""A run's folder: made for a new run, checked for one to resume, filled at the end."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import SURROGATE, write

from ..config.data import DataConfig
from ..config.file import check, config_text, parse, write_config
from ..config.models import Config
from .find import BEST, CONFIG, LOGIT_SCALE, NETWORK, TENSORBOARD
from .held_out import HELD_OUT

NEW = "new"     # within a run: the one that is to take its place


def check_free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that holds something else than a run, and a run unless it is to be overwritten.

    Raises
    ------
    SnnfpgaError
        If a run is there, or a file, or files that no run made.
    """
    if folder.exists() and not folder.is_dir():
        raise SnnfpgaError(f"--out must be a folder, and {folder} is a file", USAGE)
    if is_run(folder):
        if not overwrite:
            raise SnnfpgaError(f"Run {folder} exists; go on with --resume, start anew with --overwrite, or choose "
                               "another place with --out", USAGE)
        check_free(folder / NEW, overwrite)
    elif folder.exists() and any(folder.iterdir()):
        raise SnnfpgaError(f"Run folder {folder} holds files that no run of snnfpga made; name another folder with "
                           "--out, or remove it yourself", USAGE)


def is_run(folder: Path) -> bool:
    """Whether a run was begun in ``folder``: its configuration is, to the letter, what a run writes.

    The name alone says nothing: many programs have a ``config.yaml``, and a person may keep one of ours there.
    """
    try:
        text = (folder / CONFIG).read_text()
        return text == config_text(check(parse(text, CONFIG)))
    except (OSError, UnicodeDecodeError, SnnfpgaError):
        return False


def open_new(folder: Path, config: Config) -> Path:
    """Make the folder that a new run is trained in, after :func:`check_free`.

    Returns
    -------
    ``folder`` itself. Where an earlier run is there, which is to stay until the new one is done, ``new`` within it.
    """
    place = folder / NEW if is_run(folder) else folder
    if place != folder:
        shutil.rmtree(place, ignore_errors=True)        # of an attempt before that was stopped
    place.mkdir(parents=True, exist_ok=True)
    write_config(place / CONFIG, config)
    return place


def take_place(folder: Path, place: Path) -> None:
    """Move the files of the run in ``place`` over those of the run in ``folder``; other files there stay."""
    if place == folder:
        return
    for events in (folder / TENSORBOARD).glob("events.out.tfevents.*"):
        events.unlink()
    (folder / BEST).unlink(missing_ok=True)     # the new run may hold out no samples
    for path in [path for path in place.rglob("*") if path.is_file()]:
        target = folder / path.relative_to(place)
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
    shutil.rmtree(place)


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


def write_network(folder: Path, network: Network, data: DataConfig, test_accuracy: float | None, logit_scale: float,
                  surrogate: str | None, held_out: tuple[float, int, float | None, int]) -> None:
    """Write the network file.

    Its notes say what data it was trained on, how well it does, what its integer answers are in real logits, the share
    and the seed by which training samples were held out, how well it does on those and the epoch that its weights are
    of, if any were, and the surrogate that training took in place of the hardware's, if it did.
    """
    notes = {"data": data.model_dump_json(), LOGIT_SCALE: json.dumps(logit_scale)}
    if test_accuracy is not None:
        notes["test_accuracy"] = json.dumps(test_accuracy)
    if held_out[0]:
        notes[HELD_OUT] = json.dumps(dict(zip(("share", "seed", "accuracy", "epoch"), held_out, strict=True)))
    write(folder / NETWORK, network, notes=notes if surrogate is None else {**notes, SURROGATE: surrogate})
