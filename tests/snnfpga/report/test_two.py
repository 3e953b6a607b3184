"""Two runs, or two builds, on one page."""

import json
import shutil
from pathlib import Path

import pytest

from board.build import with_lanes
from rtl_gen.contract.network_file import read
from snnfpga.config.file import read_config, write_config
from tests.snnfpga.report.pages import EPOCHS, curves, figures, make_build, text
from tests.verbs import call


@pytest.fixture
def two(here):
    """A second run, longer and with another window, and a second build, of other lanes."""
    shutil.copytree("runs/small", "runs/other")
    config = read_config(Path("runs/small/config.yaml"), ["learning.window=3", "name=other"])
    write_config(Path("runs/other/config.yaml"), config)
    more = EPOCHS[1] | {"epoch": 3, "test_accuracies": [0.5, 1.0], "losses": [0.25, 0.5]}
    with Path("runs/other/metrics.jsonl").open("a") as file:
        file.write(json.dumps(more) + "\n")
    make_build(Path("build/other"), with_lanes(read("runs/small/network.safetensors"), 1))


def test_two_runs(two, capfd):
    code, out, _ = call(capfd, "report", "runs/small", "runs/other", "--json")
    found = json.loads(out)
    assert (code, found["report"], found["other"]) == (0, "runs/small/report-other.html", "runs/other")
    assert found["sections"] == ["At a glance", "Over the epochs", "Classes", "Configuration"]
    html = Path(found["report"]).read_text()
    shown = figures(html)
    assert curves(shown["Accuracy on test samples"]) == {
        "runs/small": [37.5, 87.5, None], "runs/other": [37.5, 87.5, 100]}
    assert curves(shown["Loss"])["runs/other"] == [1.5, None, 0.75]
    words = text(html)
    assert "epochs 2 3" in words
    assert "name small other" in words
    assert "learning.window 4 3" in words
    assert "training.epochs" not in words
    assert not Path("runs/small/report.html").exists()


def test_two_builds(two, capfd):
    code, out, _ = call(capfd, "report", "build/small", "build/other", "--json")
    assert (code, json.loads(out)["sections"]) == (0, ["At a glance", "Verification"])
    words = text(Path("build/small/report-other.html").read_text())
    assert "lanes 2, 2 1, 1" in words
    assert "verified no no" in words
    assert "cycles of a mean sample none none" in words
    assert " by formula " in words.partition("RAMB36")[2]
    assert "From small/report.json of " in words
    assert ", other/report.json of " in words


@pytest.mark.parametrize(("arguments", "line"), [
    (("runs/small", "build/small"), "Of runs/small and build/small one is a run and one a build; name two of a kind"),
    (("runs/small", "runs/small"), "runs/small and runs/small are the same folder; name two, or one alone"),
    (("runs/small", "runs/other", "--sample", "1"),
     "A sample is shown in the report of a run, and these are two; leave --sample out"),
    (("runs/small", "runs/other", "runs/other"), "A report is of one folder, or of two side by side, not of 3"),
    (("runs/small", "runs/none"), "No run or build runs/none; make one with: snnfpga train, or snnfpga build"),
])
def test_what_cannot_stand_side_by_side_is_refused(two, capfd, arguments, line):
    code, _, err = call(capfd, "report", *arguments)
    assert (code, err) == (2, f"snnfpga: {line}\n")
    assert not [*Path().rglob("report*.html")]
