"""A build as a value: file names and contents, a digest over all; then, as an act, a folder."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rtl_gen.contract.atomic import naming
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.regular import regular

__all__ = ["MANIFEST", "BuildError", "BuildPlan", "check_target", "read_manifest", "verify", "write"]

MANIFEST = "manifest.json"
FORMAT = "snnfpga build"
FORMAT_VERSION = 3
_OF_ITSELF = ("format", "version", "digest", "files")       # what a manifest says that is no fact of the build


class BuildError(SnnfpgaError):
    """A build folder that cannot be written or used; the message names it, the rule and what to do."""


@dataclass(frozen=True)
class BuildPlan:
    """Everything a build folder holds before any vendor tool ran.

    Attributes
    ----------
    name
        Of the build; names its folder.
    facts
        What the manifest says beside the files: board, top, and the like. JSON values.
    files
        Path within the folder, with ``/``, to contents.
    """

    name: str
    facts: Mapping[str, object]
    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        for path in self.files:
            if path.startswith("/") or ".." in path.split("/") or path == MANIFEST:
                raise BuildError(f"Build {self.name} must hold files below its folder and no {MANIFEST} of its own, "
                                 f"not {path}")
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        object.__setattr__(self, "files", MappingProxyType(dict(sorted(self.files.items()))))

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over name, facts, and names and contents of the files."""
        return _digest({"name": self.name, **self.facts},
                       {path: _sha256(contents) for path, contents in self.files.items()})

    def manifest(self) -> str:
        """The manifest's JSON: facts, and a SHA-256 for each file."""
        sums = {path: _sha256(contents) for path, contents in self.files.items()}
        return json.dumps({"format": FORMAT, "version": FORMAT_VERSION, "name": self.name, **self.facts,
                           "digest": self.digest, "files": sums}, indent=1) + "\n"


def _sha256(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _digest(facts: Mapping[str, object], sums: Mapping[str, object]) -> str:
    lines = [json.dumps(facts, sort_keys=True), *(f"{total}  {path}" for path, total in sorted(sums.items()))]
    return _sha256("".join(f"{line}\n" for line in lines).encode())


def check_target(folder: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that holds something else than a build of ours.

    Parameters
    ----------
    overwrite
        Take a build that another version of snnfpga made for one of ours.

    Raises
    ------
    BuildError
        If it is a file, or a folder with contents but no manifest of ours.
    """
    if folder.is_symlink() and not folder.exists():
        raise BuildError(f"Build folder {folder} is a link to {folder.readlink()}, which is not there; remove the "
                         "link, or name another folder with --out", USAGE)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BuildError(f"Build folder {folder} is a file; name another folder with --out", USAGE)
    if not any(folder.iterdir()):
        return
    try:
        version = _read(folder).get("version")
    except _DamagedError as error:
        raise BuildError(f"Build folder {folder} holds a {MANIFEST} that cannot be read ({error.why}), so that nothing "
                         "says what else is a build's; name another folder with --out, or remove it yourself",
                         USAGE) from None
    except BuildError:
        raise BuildError(f"Build folder {folder} holds files that no build of snnfpga made; "
                         "name another folder with --out, or remove it yourself", USAGE) from None
    if version != FORMAT_VERSION and not overwrite:
        raise BuildError(f"Build folder {folder} is of build format {version}, and this snnfpga writes "
                         f"{FORMAT_VERSION}; write over it with --overwrite, or name another folder with --out", USAGE)


def write(plan: BuildPlan, folder: Path, *, overwrite: bool = False) -> None:
    """Write the plan as ``folder``, whole or not at all; ``overwrite`` as :func:`check_target` takes it.

    Of an earlier build there only the files of its manifest are replaced or removed; what others put beside them stays.

    Raises
    ------
    BuildError
        As :func:`check_target`; or if a file that stays is in the way of one of the plan.
    OSError
        If the files cannot be written; an earlier build stays as it was.
    """
    check_target(folder, overwrite=overwrite)
    if folder.is_symlink():
        folder = folder.resolve()       # a link to a folder elsewhere stays one
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder, so that to rename is enough.
    prefix = f".{folder.name[:40]}."
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent, ignore_cleanup_errors=True) as aside:
        fresh, old = Path(aside) / "fresh", Path(aside) / "old"
        fresh.mkdir()
        for path, contents in {**plan.files, MANIFEST: plan.manifest().encode()}.items():
            target = fresh / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with naming(folder / path):
                target.write_bytes(contents)
            if contents.startswith(b"#!"):
                mode = target.stat().st_mode
                target.chmod(mode | (mode & 0o444) >> 2)        # who may read it may run it
        for path in _others(folder):
            _keep(folder, path, fresh)
        _swap(fresh, folder, old)


def _others(folder: Path) -> list[str]:
    """Paths within a build's folder of what its manifest does not list; none where there is no build.

    A folder that cannot be listed raises OSError: what is in it would be lost.
    """
    if not (folder / MANIFEST).exists():
        return []
    listed = {MANIFEST, *_read(folder)["files"]}
    found = []
    for place, folders, files in os.walk(folder, onerror=_raise):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        found += [(Path(place) / name).relative_to(folder).as_posix() for name in (*files, *links)]
    return sorted(set(found) - listed)


def _raise(error: OSError) -> None:
    raise error


def _keep(folder: Path, path: str, fresh: Path) -> None:
    """Give ``fresh`` the file ``path`` of ``folder`` as well: as a link to the same file where that can be."""
    target = fresh / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = not os.path.lexists(target)
    except (FileExistsError, NotADirectoryError):
        free = False
    if not free:
        raise BuildError(f"Build folder {folder} holds {path}, which no build of snnfpga made and which is in the way "
                         "of this one; move it away, or name another folder with --out")
    try:
        os.link(folder / path, target, follow_symlinks=False)
    except OSError:     # not every file system has links, and not every file may be linked to
        shutil.copy2(folder / path, target, follow_symlinks=False)


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    """Put ``fresh`` in the place of ``folder``, and that at ``old``; where that fails, ``folder`` is what it was."""
    try:
        if folder.exists():
            os.rename(folder, old)
        os.rename(fresh, folder)
    except BaseException:
        if old.exists() and not folder.exists():
            os.rename(old, folder)
        raise


class _DamagedError(BuildError):
    """A manifest that cannot be read."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(f"{path} cannot be read ({why}); build again with: snnfpga build")
        self.why = why


def read_manifest(folder: Path) -> dict[str, object]:
    """The manifest of a build folder, not compared with the files.

    Raises
    ------
    BuildError
        If there is none, or it is no manifest of ours.
    """
    manifest = _read(folder)
    if manifest.get("version") != FORMAT_VERSION:
        raise BuildError(f"{Path(folder) / MANIFEST} has build format {manifest.get('version')}, this snnfpga reads "
                         f"{FORMAT_VERSION}; build again with: snnfpga build --overwrite")
    return manifest


def _read(folder: Path) -> dict[str, object]:
    """The manifest of a build by whatever version; raises as :func:`read_manifest`."""
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(regular(path).read_text("utf-8"))
    except FileNotFoundError:
        raise BuildError(f"{folder} is no build folder: it has no {MANIFEST}; make one with: snnfpga build") from None
    except (ValueError, OSError, RecursionError) as error:
        raise _DamagedError(path, error) from None
    ours = isinstance(manifest, dict) and manifest.get("format") == FORMAT
    if not ours or not isinstance(manifest.get("files"), dict):
        raise BuildError(f"{path} is no manifest of a build; make one with: snnfpga build")
    return manifest


def verify(folder: Path, facts: Sequence[str] = ()) -> dict[str, object]:
    """The manifest of a build folder whose files are as they were built; files beside them are left alone.

    Parameters
    ----------
    facts
        Names of what the manifest must say, each a text.

    Raises
    ------
    BuildError
        If a file is missing or was edited, or the manifest was, or it lacks a fact.
    """
    manifest = read_manifest(folder)
    found = {}
    for path, total in manifest["files"].items():
        try:
            found[path] = _sha256(regular(Path(folder) / path).read_bytes())
        except OSError:
            raise BuildError(f"Build folder {folder} lacks {path}; build again with: snnfpga build") from None
        if found[path] != total:
            raise BuildError(f"Build folder {folder} was edited: {path} is not what was built; "
                             "build again with: snnfpga build")
    if manifest.get("digest") != _digest({name: value for name, value in manifest.items() if name not in _OF_ITSELF},
                                         found):
        raise BuildError(f"Build folder {folder} was edited: its manifest does not match its digest; "
                         "build again with: snnfpga build")
    for name in facts:
        if not isinstance(manifest.get(name), str):
            raise BuildError(f"Build folder {folder} has a {MANIFEST} that does not say its {name}; "
                             "build again with: snnfpga build")
    return manifest
