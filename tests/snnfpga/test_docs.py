"""The pages: their Python runs as it stands, their links lead somewhere, their lines are short; and the docstrings."""

import ast
import json
import re
import runpy
import shlex
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from snnfpga.learning.registry import RULES
from snnfpga.network.frontends import registry
from tests.verbs import call

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])
PACKAGES = ("rtl_gen", "board", "sim", "snnfpga")
COLUMNS = 100


@pytest.mark.parametrize("page", ["data.md", "training.md", "rules.md", "frontends.md", "python.md"])
def test_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "FRONT_ENDS", dict(registry.FRONT_ENDS))      # a page adds one
    blocks = code(page, "python")
    assert blocks
    write_files(blocks)
    names = {}
    with patch.dict(RULES):             # a rule that a page adds is not there for other tests
        for block in blocks:
            exec(block, names)


def test_a_rule_of_ones_own_trains_costs_and_is_diagnosed(tmp_path, monkeypatch, capsys):
    """The lines of the page as they stand, and its formula is what is counted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    write_files(code("rules.md", "python"))
    lines = [line for block in code("rules.md", "sh") for line in block.splitlines()]
    assert [line.split()[:2] for line in lines] == [["snnfpga", verb] for verb in ("train", "cost", "diagnose")]
    for line in lines:
        status, out, err = call(capsys, *line.split()[1:], "--json", whole=True)
        assert status == 0
        assert err == "" if " cost " in line else err.startswith("Hardware: fits pynq-z2 ")
        if " cost " in line:
            cell, = json.loads(out)["cells"]
            assert cell["formula"]["cost"] == cell["cost"]
            assert cell["formula"]["peak_activation_bytes"] == pytest.approx(cell["peak_activation_bytes"], rel=0.05)
            assert cell["formula"]["absent"] == []


def test_recipes_for_data_of_ones_own(tmp_path, monkeypatch, capsys):
    """Each makes its file, and its lines run as they stand, but for one epoch."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in code("own-data.md", "python"):
        exec(block, names)
    lines = [line for block in code("own-data.md", "sh") for line in block.replace("\\\n", "").splitlines()]
    files = {word.partition("=")[2] for line in lines for word in line.split() if word.startswith("data.name=")}
    assert files == {path.name for path in tmp_path.glob("*.npz")}
    assert len(files) == 6
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "snnfpga"
        short = ["--set", "training.epochs=1"] if words[0] == "train" else []
        status, _, err = call(capsys, *words, *short)
        assert (status, [line for line in err.splitlines() if not line.startswith("  To become hardware it must have: ")
                         ]) == (0, [])


def code(page, language):
    """The blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def write_files(blocks):
    """Write the blocks that begin with the name of a file to that file."""
    for block in blocks:
        name = re.match(r"# (\w+\.py)\n", block)
        if name:
            Path(name[1]).write_text(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_are_short(page):
    lines = _prose(page.read_text())
    assert lines
    long = [f"{page.name}:{number}: {line}" for number, line in lines if len(line) > COLUMNS and " " in line.strip()]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in _anchors(there.read_text()), f"{page.name}: {target}"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_docstring_begins_as_a_fragment(package):
    found, fragments = 0, []
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            text = ast.get_docstring(node) or ""
            found += bool(text)
            if text.startswith("Of "):
                fragments.append(f"{path.relative_to(ROOT)}: {text.splitlines()[0]}")
    assert found
    assert not fragments, "\n".join(fragments)


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "limits.md", DOCS / "compare.md"],
                         ids=lambda page: page.name)
def test_numbers_that_are_said_again_are_those_of_the_results(page):
    """Ours have two digits behind the point, or are thousands, or MHz; what others have has less."""
    ours = set(re.findall(r"\b\d+\.\d\d\b(?=[^|\n]*%)|\b\d\d?,\d{3}\b(?= LUT)|[\d.]+(?= MHz)", page.read_text("utf-8")))
    assert len(ours) >= 3
    results = (DOCS / "results.md").read_text("utf-8")
    assert not sorted(number for number in ours - {"100"} if number not in results)


def test_numbers_of_ours_that_move_are_those_that_were_measured():
    """A number of an older run may still stand elsewhere in the results."""
    results = {name: json.loads((DOCS / "results" / f"{name}.json").read_text("utf-8"))
               for name in ("chip_learning", "resources", "routed")}
    rows = {name: row["mean"] for name, row in results["chip_learning"]["results"].items()}
    fashion, mnist, fashion_grid, mnist_grid = (
        f"{rows[name]['split_0']['mean']:.2f} %"
        for name in ("fashion-200", "mnist-200", "fashion-24c5-128", "mnist-16c5-192"))
    fixed, drawn = (f"{rows['digits-8+8'][split]['mean']:.2f} %" for split in ("split_0", "over_splits"))
    luts = f"{results['resources']['designs']['8+8 nearest']['resources']['lut']:,}"
    mhz = f"{results['routed']['designs']['8+8 nearest']['mhz']} MHz"
    said = {"README.md": (fashion, mnist, fashion_grid, mnist_grid, f"{luts} LUTs", mhz),
            "docs/limits.md": (fashion_grid, fixed, mhz),
            "docs/training.md": (fashion, mnist, fashion_grid, mnist_grid),
            "docs/compare.md": (drawn, mnist, fashion, fashion_grid, mnist_grid, f"| {luts} |")}
    lacking = [(page, number) for page, numbers in said.items() for number in numbers
               if number not in (ROOT / page).read_text("utf-8")]
    assert not lacking


def test_drawings_are_those_of_their_script():
    for name, made in runpy.run_path(str(DOCS / "drawings.py"))["DRAWINGS"].items():
        assert (DOCS / name).read_text("utf-8") == made(), f"{name}: python docs/drawings.py writes it anew"


def _prose(text):
    """Numbered lines that are neither code nor a row of a table."""
    lines, code = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            code = not code
        elif not code and not line.startswith(("|", "    ")):
            lines.append((number, line))
    return lines


def _anchors(text):
    """The names that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_dependency_has_its_licence_on_the_page():
    """By name: what is installed may be of another version elsewhere."""
    script = runpy.run_path(str(DOCS / "licences.py"))
    listed = set(re.findall(r"^\| ([\w-]+) \| ", (DOCS / "licences.md").read_text(), re.M)) - {"package"}
    assert listed == {name for names in script["named"]().values() for name in names}
    assert "| not said |" not in script["page"]()
