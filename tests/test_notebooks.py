"""The notebooks: clean as they lie there, and they run."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.skips import skip_or_fail

FOLDER = Path(__file__).parents[1] / "notebooks"
BOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_it_lies_there_clean(path):
    code = cells(path, "code")
    assert code
    assert cells(path, "markdown")
    for cell in code:
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        compile("".join(cell["source"]), path.name, "exec")
        assert max(map(len, cell["source"])) <= 121       # with the line's end


@pytest.mark.slow
@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::snnfpga.SnnfpgaWarning")
def test_it_runs(path, tmp_path, monkeypatch):
    """Its cells one after the other, twice over, as a reader may run them again."""
    if path.stem == "from_snntorch" and find_spec("snntorch") is None:
        skip_or_fail("no snntorch; install the extra frameworks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    names = {}
    for _ in range(2 if path.stem == "own_data" else 1):
        for cell in cells(path, "code"):
            exec(compile("".join(cell["source"]), path.name, "exec"), names)
