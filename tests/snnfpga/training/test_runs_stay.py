"""What a run left stays: it is neither overwritten nor gone on from as another."""

from pathlib import Path

import numpy as np
import pytest

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read, write
from snnfpga.api.scope import Stopped
from snnfpga.config.file import write_config
from snnfpga.runs import metrics
from tests.snnfpga.training.small import config, contents, train


def test_a_run_is_not_overwritten_silently(data):
    train(config(data))
    before = read("runs/small/network.safetensors").weights[0][0].copy()
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data))
    assert str(caught.value) == ("Run runs/small exists; go on with --resume, start anew with --overwrite, or choose "
                                 "another place with --out")
    np.testing.assert_array_equal(read("runs/small/network.safetensors").weights[0][0], before)


def test_an_overwritten_run_stays_until_the_new_one_is_trained(data, monkeypatch):
    train(config(data))
    folder = Path("runs/small")
    (folder / "mine.txt").write_text("mine")
    before = contents(folder)

    def stop(log, line):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(metrics.MetricsLog, "write", stop)
        with pytest.raises(Stopped) as caught:
            train(config(data, training={"rate": 0.02}), overwrite=True)
    assert str(caught.value) == ("Stopped with 0 of 4 epochs done; the earlier run in runs/small is as it was; go on "
                                 "with: snnfpga train --resume --out runs/small/new")
    assert {path: kept for path, kept in contents(folder).items() if "new" not in path.parts} == before

    result = train(config(data, training={"rate": 0.02}), overwrite=True)
    assert result["network"] == "runs/small/network.safetensors"
    after = contents(folder)
    kinds = sorted(path.name.split(".")[0] for path in after)
    assert kinds == ["best", "checkpoint", "config", "evaluate", "events", "metrics", "mine", "network"]
    assert all(after[path] != before[path] for path in after if path in before and path.name != "mine.txt")


@pytest.mark.parametrize("text", ["services: {}\n", "name: small\n", None])
def test_a_folder_of_something_else_is_not_written_into(data, text):
    folder = Path("project")
    folder.mkdir()
    (folder / "metrics.jsonl").write_text("mine")
    if text is None:        # every value of ours, and a word of the user's
        write_config(folder / "config.yaml", config(data))
        text = "# mine\n" + (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text)
    before = contents(folder)
    for overwrite in (False, True):
        with pytest.raises(SnnfpgaError) as caught:
            train(config(data), folder, overwrite=overwrite)
        assert str(caught.value) == ("Run folder project holds files that no run of snnfpga made; name another folder "
                                     "with --out, or remove it yourself")
    assert contents(folder) == before


def test_resuming_under_another_configuration_is_refused(data):
    train(config(data))
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data, training={"rate": 0.02}), resume=True)
    assert str(caught.value) == ("Run runs/small was begun with training.rate = 0.05 and cannot be resumed with 0.02; "
                                 "choose another place with --out")


@pytest.mark.parametrize("array", ["spikes", "label"])
def test_resuming_on_other_data_is_refused(data, array):
    train(config(data))
    arrays = dict(np.load(data))
    arrays[array][:2] = arrays[array][1::-1]
    np.savez(data, **arrays)
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data), resume=True)
    assert str(caught.value) == (
        "Checkpoint runs/small/checkpoint.safetensors is of a run on other data than there is now under the same name; "
        "bring that data back, or start anew with --overwrite")


def test_resuming_with_another_teacher_is_refused(data):
    train(config(data, training={"epochs": 1}), Path("teacher"))
    teacher = Path("teacher/network.safetensors")
    settings = config(data, training={"distill": teacher})
    train(settings)
    write(teacher, read(teacher))       # the same answers in another file
    train(settings, resume=True)
    train(config(data, training={"epochs": 2}), Path("teacher"), overwrite=True)
    with pytest.raises(SnnfpgaError) as caught:
        train(settings, resume=True)
    assert str(caught.value) == (
        "Checkpoint runs/small/checkpoint.safetensors is of a run with another teacher than training.distill names "
        "now; bring that file back, or train anew with snnfpga train --overwrite")
