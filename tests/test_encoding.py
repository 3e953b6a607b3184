"""Text files are UTF-8 wherever the product runs: no open, read or write of text leaves it to the locale."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("snnfpga", "board", "sim", "rtl_gen", "benchmarks")
FILES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
# The position of the encoding among the arguments, by the method.
POSITIONS = {"read_text": 0, "write_text": 1}


def by_locale(tree):
    """Lines of calls that read or write text in the locale's encoding."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(keyword.arg == "encoding" for keyword in node.keywords):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in POSITIONS and len(node.args) <= POSITIONS[name]:
            yield node.lineno
        if name == "open":
            modes = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            builtin = isinstance(node.func, ast.Name)
            if (builtin or modes or not node.args) and not any("b" in mode for mode in modes):
                yield node.lineno


@pytest.mark.parametrize("text", ["p.read_text()", "p.write_text('x')", "open(p)", "open(p, 'w')", "p.open('a')",
                                  "p.open()"])
def test_a_call_by_locale_is_found(text):
    assert list(by_locale(ast.parse(text))) == [1]


@pytest.mark.parametrize("text", ["p.read_text('utf-8')", "p.write_text('x', encoding='utf-8')", "open(p, 'rb')",
                                  "p.open('xb')", "p.open('a', encoding='utf-8')", "archive.open(member)"])
def test_other_calls_are_not(text):
    assert not list(by_locale(ast.parse(text)))


def test_no_text_by_locale():
    found = [f"{path.relative_to(ROOT)}:{line}" for path in FILES for line in by_locale(ast.parse(path.read_bytes()))]
    assert len(FILES) > 200
    assert not found


def test_a_configuration_in_another_locale(tmp_path):
    """Where the locale is ASCII, a comment in any language is still one."""
    (tmp_path / "c.yaml").write_text("# größer\nname: c\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import locale; from pathlib import Path; from snnfpga.config.file import read_config; "
                               "print(locale.getpreferredencoding(), read_config(Path('c.yaml')).name)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT)})
    assert done.stdout.split() == ["ANSI_X3.4-1968", "c"]
