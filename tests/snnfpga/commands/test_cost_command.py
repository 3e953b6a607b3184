import json

import numpy as np
import pytest

from tests.verbs import call

COST = ("cost", "--set", "training.batch=16")


def test_a_sweep_prints_and_plots(tmp_path, capsys):
    plot = tmp_path / "cost.html"
    asked = ("--sweep", "window=2,T", "--sweep", "block=1,all", "--plot", str(plot), "--json")
    code, out, _ = call(capsys, *COST, *asked)
    found = json.loads(out)
    assert code == 0
    assert (found["rule"], found["batch"]) == ("truncated-local", 16)
    cells = {(cell["window"], cell["block"]): cell for cell in found["cells"]}
    for cell in cells.values():
        formula = cell["formula"]
        assert (formula["cost"], formula["absent"]) == (cell["cost"], [])
        assert formula["peak_activation_bytes"] == pytest.approx(cell["peak_activation_bytes"], rel=0.05)
    assert cells.keys() == {(2, 1), (2, 2), (16, 1), (16, 2)}
    # Memory grows with the window; products of credit and weights with the block, and not with the window.
    assert cells[16, 1]["peak_activation_bytes"] > 4 * cells[2, 1]["peak_activation_bytes"]
    backward = {key: cell["cost"]["backward"]["multiplies"] for key, cell in cells.items()}
    assert backward[2, 2] == backward[16, 2] != backward[2, 1] == backward[16, 1]
    text = plot.read_text()
    assert "blocks of 2" in text
    assert "Cost of truncated-local in digits" in text
    assert "Written by <code>snnfpga cost</code>" in text
    assert call(capsys, *COST, "--plot", str(plot), "--json")[0] == 0


def test_steps_drawn_by_the_rule_are_those_of_the_formula(capsys):
    drawn = ("learning.select=random", "learning.selected_steps=4", "learning.rule=sltt")
    code, out, _ = call(capsys, *COST, *(word for setting in drawn for word in ("--set", setting)), "--json")
    cell, = json.loads(out)["cells"]
    assert (code, cell["formula"]["cost"]) == (0, cell["cost"])


def test_a_table_says_what_has_no_formula(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lengths = 2 + np.arange(20) % 5
    spikes = (np.random.default_rng(0).random((20, 6, 8)) < 0.3) & (np.arange(6)[:, None] < lengths[:, None, None])
    np.savez("short.npz", spikes=spikes.astype(np.uint8), label=np.arange(20) % 2, length=lengths)
    for settings, absent, reason in (
            (["learning.rule=bptt-checkpoint"], 1, "Formula of kept bytes must have learning.feedback readout and a "
             "rule that carries one, not readout and bptt-checkpoint; go by what was measured"),
            (["data.name=short.npz"], 2, "Formula must have samples of one length; go by what was counted")):
        code, out, err = call(capsys, *COST, *(word for setting in settings for word in ("--set", setting)))
        said = [line for line in err.splitlines() if not line.startswith("Defaults for own data")]
        assert (code, out.count("none"), said) == (0, absent, [f"No value by formula: {reason}"])


def test_a_page_that_is_not_ours_stays(tmp_path, capsys):
    page = tmp_path / "mine.html"
    page.write_text("<p>mine</p>")
    code, _, err = call(capsys, *COST, "--plot", str(page))
    assert (code, page.read_text()) == (2, "<p>mine</p>")
    assert "is not a page that snnfpga wrote; name another file" in err


@pytest.mark.parametrize(("arguments", "message"), [
    (["--sweep", "window=1", "--sweep", "window=2"],
     "Sweep of window is given twice; give its values together, as window=1,2"),
    (["--sweep", "steps=3"], "Sweep must be window=1,2,T or block=1,2,all, not 'steps=3'"),
    (["--sweep", "window=1,17"], "Sweep of window must be of 1..16 or T, not '17'"),
    (["--sweep", "block=0"], "Sweep of block must be of 1..2 or all, not '0'"),
    (["--set", 'network.blocks=[[8,8],[8,"8+1"]]', "--sweep", "block=2,3,4"],
     "Sweep block=3 would cut layer 3 of the network from the layer whose currents it adds (+); leave 3 out"),
])
def test_wrong_sweeps(arguments, message, capsys):
    code, _, err = call(capsys, *COST, *arguments)
    assert (code, err) == (2, f"snnfpga: {message}\n")
