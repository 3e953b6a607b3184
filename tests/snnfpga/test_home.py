"""A ~ in any path of the command line is the home folder, wherever the shell left it."""

from pathlib import Path

from tests.verbs import call, small_run


def test_the_home_folder_in_arguments(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    small_run()
    for words in (("~/runs/small", "--data=~/small.npz", "--out=~/a.safetensors"),
                  ("~/runs/small", "--data", "~/small.npz", "--out", "~/b.safetensors", "--data-root=~/nowhere")):
        assert call(capfd, "learn", *words, "--samples", "2")[0] == 0
    assert Path("a.safetensors").exists()
    assert Path("b.safetensors").exists()
    assert not Path("~").exists()
