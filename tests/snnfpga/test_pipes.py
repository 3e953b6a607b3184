"""What is no file, a named pipe, a socket or a device, is refused wherever a file is read: nothing waits for it."""

import os
import socket

import numpy as np
import pytest

from board.host import archive
from board.host.samples import SampleError, read_samples
from board.plan import MANIFEST, BuildError, read_manifest
from rtl_gen.contract.network_file import NetworkFileError, write
from rtl_gen.contract.regular import NotAFileError, kind_of, regular
from snnfpga.data.archive import is_dense
from snnfpga.data.dataset import DataError
from snnfpga.data.registry import DataOptions, load
from snnfpga.data.step_labels import are_in
from snnfpga.errors import explain
from snnfpga.runs.folder import is_run
from tests.networks import network, samples
from tests.verbs import call

pytestmark = pytest.mark.timeout(60)        # a pipe that is opened is waited for without end
NOT_A_FILE, MUST_BE = "it is a named pipe, not a file", "a named pipe, (and must be|not) a file"


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_the_kinds(tmp_path, pipe):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.path.relpath(tmp_path / "socket"))
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("pipe")
    assert [kind_of(path) for path in (pipe, tmp_path / "link", tmp_path / "socket", "/dev/null", tmp_path / "file",
                                       tmp_path, tmp_path / "absent", "a\0b")] == [
        "a named pipe", "a named pipe", "a socket", "a device", None, None, None, None]
    assert regular(tmp_path / "file") == tmp_path / "file"
    with pytest.raises(NotAFileError) as caught:
        regular(pipe)
    assert explain(caught.value) == (f"{pipe} is a named pipe, and must be a file", 2)
    assert caught.value.strerror == NOT_A_FILE


@pytest.mark.parametrize(("arguments", "line"), [
    (("train", "PIPE"), f"Config PIPE cannot be read ({NOT_A_FILE}); give a YAML file, or none for the default"),
    (("train", "--set", "data.name=PIPE"), f"Data PIPE cannot be read ({NOT_A_FILE}); give the path of an .npz or the "
                                           "name of a data set"),
    (("train", "--set", "training.distill=PIPE"), f"Network PIPE cannot be read: {NOT_A_FILE}; name a run's folder or "
                                                  "a network file"),
    (("evaluate", "PIPE"), f"Network PIPE cannot be read: {NOT_A_FILE}; name a run's folder or a network file"),
    (("evaluate", "NETWORK", "--data", "PIPE"), f"Data PIPE cannot be read ({NOT_A_FILE}); give the path of an .npz or "
                                                "the name of a data set"),
    (("evaluate", "NETWORK", "--predictions", "PIPE"), "File PIPE to write is a named pipe; name another file"),
    (("learn", "PIPE"), f"Network PIPE cannot be read: {NOT_A_FILE}; name a run's folder or a network file"),
    (("learn", "NETWORK", "--data", "DATA", "--rehearse", "PIPE"), f"Data PIPE cannot be read ({NOT_A_FILE}); give "
     "the path of an .npz or the name of a data set"),
    (("learn", "NETWORK", "--data", "digits", "--out", "PIPE"), "File PIPE to write is a named pipe; name another "
                                                                "file"),
    (("learn", "NETWORK", "--data", "digits", "--out", "/dev/null"), "File /dev/null to write is a device; name "
                                                                     "another file"),
    (("report", "PIPE"), "A report is of a run's or a build's folder, and PIPE is a named pipe; name its folder"),
    (("build", "PIPE"), f"Network PIPE cannot be read: {NOT_A_FILE}; name a run's folder or a network file"),
    (("export-samples", "NETWORK", "--data", "PIPE"), f"Data PIPE cannot be read ({NOT_A_FILE}); give the path of an "
                                                      ".npz or the name of a data set"),
    (("diagnose", "PIPE"), f"Config PIPE cannot be read ({NOT_A_FILE}); give a YAML file, or none for the default"),
    (("cost", "PIPE"), f"Config PIPE cannot be read ({NOT_A_FILE}); give a YAML file, or none for the default"),
])
def test_verbs(tmp_path, pipe, capsys, monkeypatch, arguments, line):
    monkeypatch.chdir(tmp_path)
    made = network()
    write(tmp_path / "network.safetensors", made)
    spikes, labels = samples(made.spec, 30)
    np.savez(tmp_path / "data.npz", spikes=spikes, label=labels)
    names = {"PIPE": str(pipe), "NETWORK": "network.safetensors", "DATA": "data.npz"}
    words = []
    for word in arguments:
        for name, path in names.items():
            word = word.replace(name, path)
        words.append(word)
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"snnfpga: {line.replace('PIPE', str(pipe))}"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "data.npz", "network.safetensors", "pipe"]


def test_files_of_a_data_root(tmp_path):
    for name, place in (("mnist", "mnist/train-images-idx3-ubyte.gz"), ("nmnist-1100", "nmnist_1100/nmnist_1100.npz"),
                        ("cifar10", "cifar-10-batches-bin/data_batch_1.bin")):
        (tmp_path / place).parent.mkdir()
        os.mkfifo(tmp_path / place)
        with pytest.raises((DataError, NotAFileError), match=MUST_BE):
            load(name, DataOptions(root=tmp_path))


def test_what_only_asks(pipe, tmp_path):
    """A question that is asked of any path is answered, and reading says the rest."""
    assert not is_dense(pipe)
    assert not are_in(pipe)
    os.mkfifo(tmp_path / "config.yaml")
    assert not is_run(tmp_path)


def test_a_build_and_what_a_board_reads(tmp_path, pipe):
    made = network()
    with pytest.raises(SampleError, match=rf"not a whole .npz of plain arrays \(.*{MUST_BE}\)"):
        read_samples(pipe, made.spec)
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(BuildError, match=MUST_BE):
        read_manifest(tmp_path)
    os.mkfifo(tmp_path / archive.SPEC_FILE)
    with pytest.raises(NetworkFileError, match=MUST_BE):
        archive.read(tmp_path)
    (tmp_path / archive.SPEC_FILE).unlink()
    archive.write(tmp_path, made)
    (tmp_path / archive.WEIGHTS_FILE).unlink()
    os.mkfifo(tmp_path / archive.WEIGHTS_FILE)
    with pytest.raises(NetworkFileError, match=MUST_BE):
        archive.read(tmp_path)
