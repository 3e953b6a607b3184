import json

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


def test_a_page_that_is_not_ours_stays(tmp_path, capsys):
    page = tmp_path / "mine.html"
    page.write_text("<p>mine</p>")
    code, _, err = call(capsys, *COST, "--plot", str(page))
    assert (code, page.read_text()) == (2, "<p>mine</p>")
    assert "is not a page that snnfpga wrote; name another file" in err


@pytest.mark.parametrize(("arguments", "message"), [
    (["--sweep", "steps=3"], "Sweep must be window=1,2,T or block=1,2,all, not 'steps=3'"),
    (["--sweep", "window=1,17"], "Sweep of window must be of 1..16 or T, not '17'"),
    (["--sweep", "block=0"], "Sweep of block must be of 1..2 or all, not '0'"),
    (["--set", 'network.blocks=[[8,8],[8,"8+1"]]', "--sweep", "block=2,3,4"],
     "Sweep block=3 would cut layer 3 of the network from the layer whose currents it adds (+); leave 3 out"),
])
def test_wrong_sweeps(arguments, message, capsys):
    code, _, err = call(capsys, *COST, *arguments)
    assert (code, err) == (2, f"snnfpga: {message}\n")
