"""The pages as a site: built without a warning, and nothing in it asks another server."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_site_is_built_and_needs_nothing_from_outside(tmp_path):
    if find_spec("mkdocs") is None or find_spec("mkdocstrings") is None:
        pytest.skip("no mkdocs; install the extra docs")
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"], cwd=ROOT,
                   check=True, capture_output=True)
    pages = {path.name: path.read_text("utf-8") for path in (tmp_path / "site").glob("*.html")}
    assert {"index.html", "reference.html", "registers.html"} <= pages.keys()
    asked = set(re.findall(r": ([\w-]+)\.md$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.M))
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= asked, "a page that no menu leads to"
    for name, text in pages.items():
        loaded = re.findall(r"""<(?:script|link|img)[^>]*?(?:src|href)=["'](https?:[^"']*)""", text)
        assert not [url for url in loaded if "canonical" not in url], name
    assert "<text" in (tmp_path / "site" / "architecture.svg").read_text("utf-8")
    assert "snnfpga.api.train.train" in pages["reference.html"]
    assert "0x004" in pages["registers.html"]
