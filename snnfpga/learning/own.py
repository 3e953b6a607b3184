"""A rule of one's own, by the dotted path of where it stands; it is looked for in the working folder too."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from .guarded import guarded
from .rule import Rule


def is_path(name: str) -> bool:
    """Whether ``name`` reads as ``module.name``, and not as a name of the registry."""
    parts = name.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def load(path: str) -> Rule:
    """The rule at ``path``: a :class:`Rule` in a module, or the ``RULE`` of a module; it goes by ``path`` from here on.

    Modules are found as Python finds them, in the working folder first.

    Raises
    ------
    SnnfpgaError
        If nothing can be imported from there, or what is there is no rule.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()       # a file may have been written since Python looked there last
    module, _, name = path.rpartition(".")
    owner = _module(path, module)
    found = getattr(owner, name, None)
    if found is None:
        found = _module(path, path)
    if found is None:
        missing = f"no module {module} is in {here}, nor installed" if owner is None else f"{module} has no {name}"
        raise _refused(path, missing)
    where = owner
    if isinstance(found, ModuleType):
        where = found
        if not hasattr(found, "RULE"):
            raise _refused(path, "that module has no RULE")
        found = found.RULE
    if not isinstance(found, Rule):
        raise _refused(path, f"what is there is of type {type(found).__name__}, not snnfpga.learning.rule.Rule")
    return guarded(replace(found, name=path), getattr(where, "__file__", None))


def _module(path: str, module: str) -> ModuleType | None:
    """The module of that name, or None where there is none."""
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:      # a module may fail in any way, and is not ours
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            return None
        raise _refused(path, f"importing {module} fails with {type(error).__name__}: {error}") from error


def _refused(path: str, why: str) -> SnnfpgaError:
    return SnnfpgaError(f"Learning rule {path} cannot be used: {why}; give module.name of a Rule, or a module that "
                        "has a RULE, or take one that snnfpga rules lists", USAGE)
