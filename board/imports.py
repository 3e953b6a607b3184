"""Imports across the packages: as the sources have them, and as a wheel does, which holds all packages in one.

In the clone ``rtl_gen``, ``board`` and ``sim`` lie beside ``snnfpga``. In a wheel they lie inside it, so that no other
distribution's ``board`` or ``sim`` can be in the way, and imports name them there. The build of a wheel goes one way,
the driver folder that a wheel's :mod:`board.driver` writes goes back. Standard library only: ``setup.py`` imports it.
"""

import ast
import re
from collections.abc import Callable, Iterator

__all__ = ["INNER", "OUTER", "to_clone", "to_wheel"]

OUTER = "snnfpga"
INNER = ("board", "rtl_gen", "sim")

_CLONE = re.compile(rf"({'|'.join(INNER)})\b")
_WHEEL = re.compile(rf"{OUTER}\.({'|'.join(INNER)})\b")
# A name, whole or the beginning of one that is put together.
_STRING = re.compile(rf"({'|'.join(INNER)})(\.\w+)*[.:]\w*")


def to_wheel(source: str, name: str) -> str:
    """``source``, a module that errors call ``name``, with the packages named as in a wheel; its lines stay.

    Raises
    ------
    ValueError
        If it names a package where nothing can be put before the name: bound by a plain ``import``, or in a string.
    """
    tree = ast.parse(source)
    _check_bound(tree, name)
    _check_strings(tree, name)
    return _replaced(source, _names(tree, _CLONE), name, lambda module: f"{OUTER}.{module}")


def to_clone(source: str, name: str) -> str:
    """The inverse of :func:`to_wheel`."""
    return _replaced(source, _names(ast.parse(source), _WHEEL), name, lambda module: module.removeprefix(f"{OUTER}."))


def _names(tree: ast.AST, wanted: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    """Line, first byte to look from, and dotted name of each module that an import names absolutely."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and wanted.match(node.module or ""):
            yield node.lineno, node.col_offset + len("from"), node.module
        elif isinstance(node, ast.Import):
            yield from ((alias.lineno, alias.col_offset, alias.name) for alias in node.names
                        if wanted.match(alias.name))


def _replaced(source: str, names: Iterator[tuple[int, int, str]], name: str, change: Callable[[str], str]) -> str:
    lines = source.encode().splitlines(keepends=True)       # positions of a syntax tree are in bytes
    for number, begin, module in sorted(names, reverse=True):
        line = lines[number - 1]
        head, old, tail = line[:begin], module.encode(), line[begin:]
        spaces = len(tail) - len(tail.lstrip(b" "))
        if not tail[spaces:].startswith(old):
            raise ValueError(f"Import of {module} in {name}, line {number}, must stand on one line without spaces in "
                             "the name")
        lines[number - 1] = head + tail[:spaces] + change(module).encode() + tail[spaces + len(old):]
    return b"".join(lines).decode()


def _check_bound(tree: ast.AST, name: str) -> None:
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, ast.Import) else ():
            if _CLONE.match(alias.name) and alias.asname is None:
                raise ValueError(f"Import of {alias.name} in {name}, line {node.lineno}, binds a name that a wheel "
                                 f"does not have; write: from {alias.name} import ..., or import {alias.name} as ...")


def _check_strings(tree: ast.AST, name: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _STRING.fullmatch(node.value):
            raise ValueError(f"String {node.value!r} in {name}, line {node.lineno}, names a module, which has another "
                             "name in a wheel; derive it from __package__ or from the module's __name__")
