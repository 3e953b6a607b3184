"""Loops that Numba compiles, and keeps for the next command where there is a folder to keep them in."""

import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

_Function = Callable[..., Any]

if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    # What Numba itself gives then; to load it takes a third of a second, which a short bench has no use for.
    def njit(**_: bool) -> Callable[[_Function], _Function]:
        return lambda function: function
else:
    from numba import njit


def compiled(**options: bool) -> Callable[[_Function], _Function]:
    """A decorator as Numba's ``njit``, ``options`` its own; compiled code is kept where that can be.

    Numba keeps it beside the module, else in the user's cache. Where neither can be written, as in an installation of
    another user's without a home, it would refuse at import: then each process compiles anew, and a line says so.
    """
    def decorate(function: _Function) -> _Function:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError as error:
            if "no locator" not in str(error):
                raise
            _say_not_kept()
            return njit(**options)(function)

    return decorate


def kept_in() -> str | None:
    """The folder in which compiled loops are kept; None where there is none that can be written."""
    try:
        return str(njit(cache=True)(_nothing).stats.cache_path)
    except RuntimeError:
        return None


def _nothing() -> None:
    pass


@cache
def _say_not_kept() -> None:
    print("Compiled loops cannot be kept, as neither the installation nor a cache of the user's can be written: every "
          "command compiles them anew; name a folder for them in NUMBA_CACHE_DIR", file=sys.stderr)
