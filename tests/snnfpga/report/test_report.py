"""A report is one page that needs nothing from outside, of the folder that is meant."""

import os
import re
from pathlib import Path

import pytest

from snnfpga.report import run
from snnfpga.report.page import PLOTLY, Page, Section, _asset, render
from snnfpga.report.parts import Bars, Paragraph, Table, Tiles, Verdict
from snnfpga.report.parts import Figure as Plot
from snnfpga.report.target import find
from tests.snnfpga.report.pages import curves, figures
from tests.verbs import call


def test_a_page_needs_nothing_from_outside_and_is_the_same_again(here):
    html = render(run.page(Path("runs/small"), 0))
    frame = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    assert "default-src 'none'" in frame
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|@import|url\(""", frame)
    assert "Plotly.react" in html
    assert render(run.page(Path("runs/small"), 0)) == html


def test_none_named_takes_what_was_made_last(here):
    os.utime("runs/small/network.safetensors", (10, 10))
    os.utime("build/small/manifest.json", (20, 20))
    assert find(None) == Path("build/small")
    os.utime("runs/small/network.safetensors", (30, 30))
    assert find(None) == Path("runs/small")


@pytest.mark.parametrize(("arguments", "message"), [
    (("nowhere",), "No run or build nowhere; make one with: snnfpga train, or snnfpga build"),
    (("small.npz",), "A report is of a run's or a build's folder, and small.npz is a file; name its folder"),
    (("runs",), "Folder runs must hold a run (network.safetensors) or a build (manifest.json) and holds neither; make "
                "one with: snnfpga train, or snnfpga build"),
    (("runs/small", "--sample", "5"), "Sample must be in 0..4, the test samples of small.npz, not 5"),
    (("runs/small", "--out", "deep/page.html"), "No folder deep to write page.html into; make it first"),
    (("runs/small", "--out", "small.npz"), "File small.npz exists and is not a report that snnfpga wrote; name another "
                                           "file with --out, or remove it yourself"),
    (("runs/small", "--out", "runs"), "File runs to write is a folder; name a file in it"),
    (("build/small", "--sample", "0"), "A sample is shown in the report of a run, and build/small is a build; leave "
                                       "--sample out"),
])
def test_bad_input_is_one_line(here, capfd, arguments, message):
    before = Path("small.npz").read_bytes()
    code, out, err = call(capfd, "report", *arguments)
    assert (code, out, err) == (2, "", f"snnfpga: {message}\n")
    assert Path("small.npz").read_bytes() == before


def test_a_report_takes_the_place_of_a_report(here, capfd):
    for folder in ("runs/small", "build/small"):
        assert call(capfd, "report", folder, "--out", "page.html")[0] == 0
    assert "Build small" in Path("page.html").read_text()


@pytest.mark.parametrize(("contents", "message"), [
    ("{", "runs/small/learn.json is not whole JSON (Expecting property name enclosed in double quotes: line 1 column 2 "
          "(char 1)); make it again with: snnfpga learn runs/small --overwrite"),
    ("[]", "runs/small/learn.json must hold a JSON object, not []; make it again with: snnfpga learn runs/small "
           "--overwrite"),
    ("{}", "runs/small/learn.json lacks 'backend'; make it again with: snnfpga learn runs/small --overwrite"),
])
def test_a_damaged_result_is_one_line(here, capfd, contents, message):
    Path("runs/small/learn.json").write_text(contents)
    code, _, err = call(capfd, "report", "runs/small")
    assert (code, err) == (1, f"snnfpga: {message}\n")
    assert not Path("runs/small/report.html").exists()


def test_words_of_the_files_are_words_and_no_markup():
    hostile = "</script><u>&"
    page = Page(hostile, hostile, (Section(hostile, hostile, (
        Plot(hostile, [{"type": "scatter", "name": hostile, "y": [1]}], {}, 100), Table((hostile,), [(hostile,)]),
        Tiles([(hostile, hostile)]), Bars([(hostile, 1, 2)]), Paragraph(f"`{hostile}`"), Verdict(True, hostile))),
        Section("gone", hostile, missing=hostile)))
    html = render(page)
    assert hostile not in html
    ours = html.replace(_asset(PLOTLY), "")
    assert "<u>&" not in ours
    assert ours.count("<script") == ours.count("</script>") == 3     # the figure, Plotly, and what draws
    assert curves(figures(html)[hostile]) == {hostile: [1]}


def test_a_section_shows_something_or_says_why_not():
    with pytest.raises(ValueError, match="Section empty must either show something or say what is missing"):
        Section("empty", "about")
    with pytest.raises(ValueError, match="A row must have 2 cells as the header has, not 1"):
        Table(("a", "b"), [("c",)])
