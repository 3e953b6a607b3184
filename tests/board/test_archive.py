import json
import os
import re

import numpy as np
import pytest

from board.host import archive
from rtl_gen.contract.network_file import NetworkFileError
from tests.networks import network


def test_what_is_written_is_read(tmp_path):
    wanted = network()
    archive.write(tmp_path, wanted)
    found = archive.read(tmp_path)
    assert found.spec == wanted.spec == archive.read_spec(tmp_path)
    assert found.window_numbers == wanted.window_numbers
    for (mine,), (theirs,) in zip(found.weights, wanted.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(found.readouts, wanted.readouts, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert archive.to_files(wanted) == archive.to_files(found)


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_files_have_the_mode_that_the_umask_gives(tmp_path, umask):
    before = os.umask(umask)
    try:
        archive.write(tmp_path, network())
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        archive.SPEC_FILE: 0o666 & ~umask, archive.WEIGHTS_FILE: 0o666 & ~umask}


@pytest.mark.parametrize(("damage", "message"), [
    (lambda folder: (folder / "spec.json").unlink(), "No FOLDER/spec.json; copy the whole driver folder of the build"),
    (lambda folder: (folder / "weights.npz").unlink(),
     "No FOLDER/weights.npz; copy the whole driver folder of the build"),
    (lambda folder: (folder / "spec.json").write_text("{"), "FOLDER/spec.json holds no valid specification ("),
    (lambda folder: (folder / "spec.json").write_text("[]"), "FOLDER/spec.json holds no valid specification ("),
    (lambda folder: (folder / "spec.json").write_text('{"blocks": 3}'),
     "FOLDER/spec.json holds no valid specification ("),
    (lambda folder: (folder / "spec.json").write_text("[" * 100000),
     "FOLDER/spec.json holds no valid specification ("),
    (lambda folder: edit(folder, blocks=[[]]), "FOLDER/spec.json holds no valid specification ("),
    (lambda folder: edit(folder, max_steps=0), "FOLDER/spec.json holds no valid specification ("),
    (lambda folder: (folder / "weights.npz").write_bytes((folder / "weights.npz").read_bytes()[:500]),
     "FOLDER/weights.npz holds no weights for spec.json ("),
    (lambda folder: (folder / "weights.npz").write_bytes(b""), "FOLDER/weights.npz holds no weights for spec.json ("),
    (lambda folder: np.savez(folder / "weights.npz", window_numbers=0), "FOLDER/weights.npz holds no weights for"),
    (lambda folder: np.savez(folder / "weights.npz", window_numbers=[0, 0]),
     "FOLDER/weights.npz holds no weights for spec.json ("),
])
def test_damage_is_said(tmp_path, damage, message):
    archive.write(tmp_path, network())
    damage(tmp_path)
    with pytest.raises(NetworkFileError, match=f"^{re.escape(message.replace('FOLDER', str(tmp_path)))}"):
        archive.read(tmp_path)


def edit(folder, **values):
    path = folder / "spec.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
