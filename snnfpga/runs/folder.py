"""A run's folder: made for a new run, checked for one to resume, filled at the end."""

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rtl_gen.claim import LOCK, claimed_folder
from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import write
from rtl_gen.contract.regular import regular

from ..config.data import DataConfig
from ..config.file import check, config_text, parse, write_config
from ..config.models import Config
from .find import BEST, CHECKPOINT, CONFIG, DATA, LOGIT_SCALE, METRICS, NETWORK, TENSORBOARD
from .held_out import HELD_OUT

NEW = "new"     # within a run: the one that is to take its place


def claimed(folder: Path) -> AbstractContextManager[None]:
    """The run in ``folder`` as this process's own, from its check to its end; a run that is to take another's place
    lies within that, and is claimed by it.

    Raises
    ------
    rtl_gen.claim.InUseError
        If another process trains there.
    rtl_gen.claim.PlaceError
        If the folder cannot be made or written.
    """
    _check_is_folder(folder)
    inner = folder.name == NEW and is_run(folder.parent)
    return claimed_folder(folder.parent if inner else folder, "Run")


def _check_is_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise SnnfpgaError(f"--out must be a folder, and {folder} is a file", USAGE)


def check_free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that holds something else than a run, and a run unless it is to be overwritten.

    Raises
    ------
    SnnfpgaError
        If a run is there, or a file, or files that no run made.
    """
    _check_is_folder(folder)
    if is_run(folder):
        if not overwrite:
            raise SnnfpgaError(f"Run {folder} exists; go on with --resume, start anew with --overwrite, or choose "
                               "another place with --out", USAGE)
        check_free(folder / NEW, overwrite)
    elif folder.exists() and any(path.name != LOCK for path in folder.iterdir()):
        raise SnnfpgaError(f"Run folder {folder} holds files that no run of snnfpga made; name another folder with "
                           "--out, or remove it yourself", USAGE)


def is_run(folder: Path) -> bool:
    """Whether a run was begun in ``folder``: its configuration is, to the letter, what a run writes.

    The name alone says nothing: many programs have a ``config.yaml``, and a person may keep one of ours there.
    """
    try:
        text = regular(folder / CONFIG).read_text("utf-8")
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


def forget(folder: Path, place: Path) -> None:
    """Remove what a new run has written into ``place`` where its training failed before there was anything to keep."""
    if place != folder:
        shutil.rmtree(place, ignore_errors=True)
        return
    shutil.rmtree(place / TENSORBOARD, ignore_errors=True)
    for name in (METRICS, DATA, CONFIG):
        (place / name).unlink(missing_ok=True)


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
        raise SnnfpgaError(f"Run {folder} was begun with {key} = {shown(old)} and cannot be resumed with {shown(new)}; "
                           "choose another place with --out", USAGE)


def check_begun(folder: Path) -> bool:
    """Whether there is a checkpoint in ``folder`` to go on from: none is there before the first epoch is done.

    Raises
    ------
    SnnfpgaError
        If the run is done and its checkpoint is gone, so that to train on would replace its network.
    """
    if (folder / CHECKPOINT).exists():
        return True
    if (folder / NETWORK).exists():
        raise SnnfpgaError(f"Run {folder} is trained and holds no {CHECKPOINT} to go on from; start anew with "
                           "--overwrite, or choose another place with --out", USAGE)
    return False


def read_run_config(folder: Path) -> Config:
    """The configuration a run was made with."""
    path = folder / CONFIG
    if not path.exists():
        raise SnnfpgaError(f"No run {folder} to resume; train without --resume", USAGE)
    return check(parse(regular(path).read_text("utf-8"), str(path)))


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            yield from _differences(before[key], after[key], f"{path}.{key}" if path else key)
    elif before != after:
        yield path, before, after


def write_network(folder: Path, network: Network, data: DataConfig, test_accuracy: float | None, logit_scale: float,
                  held_out: tuple[float, int, float | None, int], **notes: str | None) -> None:
    """Write the network file.

    Its notes say what data it was trained on, how well it does, what its integer answers are in real logits, and the
    share and the seed by which training samples were held out, how well it does on those and the epoch that its weights
    are of, if any were; and whatever else is not None in ``notes``.
    """
    said: dict[str, str | None] = {"data": data.model_dump_json(), LOGIT_SCALE: json.dumps(logit_scale), **notes}
    if test_accuracy is not None:
        said["test_accuracy"] = json.dumps(test_accuracy)
    if held_out[0]:
        said[HELD_OUT] = json.dumps(dict(zip(("share", "seed", "accuracy", "epoch"), held_out, strict=True)))
    write(folder / NETWORK, network, notes={name: text for name, text in said.items() if text is not None})
