import json

import pytest

from snnfpga.cli import main


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["cost", "--set", "training.batch=16", *arguments])
    return ended.value.code


def test_a_sweep_prints_and_plots(tmp_path, capsys):
    plot = tmp_path / "cost.html"
    assert run("--sweep", "window=2,T", "--sweep", "block=1,all", "--plot", str(plot), "--json") == 0
    found = json.loads(capsys.readouterr().out)
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


@pytest.mark.parametrize(("arguments", "message"), [
    (["--sweep", "steps=3"], "Sweep must be window=1,2,T or block=1,2,all, not 'steps=3'"),
    (["--sweep", "window=1,17"], "Sweep of window must be of 1..16 or T, not '17'"),
    (["--sweep", "block=0"], "Sweep of block must be of 1..2 or all, not '0'"),
])
def test_wrong_sweeps(arguments, message, capsys):
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err
