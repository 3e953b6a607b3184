"""A run and a build of a small network."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from board.build import with_lanes
from snnfpga.runs.evaluation_record import facts, write_record
from snnfpga.runs.scores import Scores
from tests.snnfpga.report.pages import EPOCHS, make_build
from tests.verbs import small_run


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A finished run, ``runs/small``, and a build of its network, ``build/small``."""
    monkeypatch.chdir(tmp_path)
    made, folder, _ = small_run()
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in EPOCHS))
    progress = json.dumps({"epochs": 2, "seconds": 3.25, "peak_activation_bytes": 5678})
    (folder / "checkpoint.safetensors").write_bytes(save({"a": np.zeros(1)}, metadata={"progress": progress}))
    write_record(folder / "evaluate.json", facts("small.npz", "test", Scores.of([0, 1, 2, 2, 2], [0, 1, 2, 0, 0], 3),
                                                 folder / "network.safetensors"))
    make_build(Path("build/small"), with_lanes(made, 2))
    return tmp_path
