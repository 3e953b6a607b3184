"""``snnfpga demo``: the whole way once, on embedded data, and what it measured."""

import json
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from rtl_gen.contract.errors import SnnfpgaError

from ..console import percent, print_table, say

DRIFTED = "digits-events-drifted"
LESSONS = 300
VERIFIED = 40
WHOLE = ("-c", "from snnfpga.cli import main; main()")


class VerbRun:
    """A verb in a process of its own; its JSON comes back.

    What it says goes to the terminal, but for one that runs ``aside``, which speaks only where it failed.
    """

    def __init__(self, *arguments: str, aside: bool = False) -> None:
        self.arguments = arguments
        self.began = time.monotonic()
        self._told: IO[str] = tempfile.TemporaryFile("w+")
        self._said: IO[str] | None = tempfile.TemporaryFile("w+") if aside else None
        say(f"snnfpga {shlex.join(arguments)}")
        self._process = subprocess.Popen([sys.executable, *WHOLE, *arguments, "--json"], stdout=self._told,
                                         stderr=self._said, text=True)

    def result(self) -> dict[str, Any]:
        """The JSON that the verb printed, once it has ended.

        Raises
        ------
        SnnfpgaError
            If it failed; it said why itself.
        """
        code = self._process.wait()
        self._told.seek(0)
        text = self._told.read()
        self._told.close()
        if self._said is not None:
            self._said.seek(0)
            if code:
                say(self._said.read())
            self._said.close()
        if code:
            raise SnnfpgaError(f"The demo stopped at: snnfpga {shlex.join(self.arguments)} (exit code {code}); "
                               "it said why above")
        say(f"  done in {time.monotonic() - self.began:.0f} s: snnfpga {self.arguments[0]}")
        return json.loads(text)

    def stop(self) -> None:
        """End the verb where it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def command(
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/demo"),
    board: Annotated[str, typer.Option(help="snnfpga boards lists them.")] = "pynq-z2",
) -> None:
    """Train, evaluate, build, verify, learn on chip in simulation, report: the main job, on embedded data.

    While Yosys counts the build's resources, the same hardware already learns in the simulator.

    Examples:

      snnfpga demo
    """
    from board.plan import check_target
    from board.registry import get

    began = time.monotonic()
    folder = Path("build") / f"demo-{board}"
    get(board)
    check_target(folder, overwrite=True)        # before minutes of training
    trained = VerbRun("train", "--set", "name=demo", "--out", str(out), *_again(out)).result()
    building = VerbRun("build", str(out), "--board", board, "--out", str(folder), "--overwrite", aside=True)
    try:
        reference = VerbRun("evaluate", str(out), "--backend", "reference").result()
        learned = VerbRun("learn", str(out), "--data", DRIFTED, "--backend", "rtl", "--samples", str(LESSONS)).result()
        built = building.result()
    finally:
        building.stop()
    verified = VerbRun("verify", str(folder), "--samples", str(VERIFIED)).result()
    reports = [VerbRun("report", str(place)).result() for place in (out, folder)]
    resources, budget = built["resources"], built["budget"]
    print_table(f"Measured in {time.monotonic() - began:.0f} s", ("what", "measured", "file"), [
        ("test accuracy, PyTorch", percent(trained["test_accuracy"], trained["test_samples"]), trained["network"]),
        ("test accuracy, integer reference", percent(reference["accuracy"], reference["samples"]), ""),
        ("values that differ between the two", reference["differences"], ""),
        *((amount["label"], f"{resources[key]:g} of {budget[key]:g} ({resources[key] / budget[key]:.1%})", folder)
          for key, amount in built["amounts"].items()),
        ("state kept for learning", f"{built['state_buffer_bits']} bits", ""),
        ("hardware against reference", f"{sum(verified['compared'].values())} values compared, "
         f"{verified['mismatches']} differ", folder / "verify.json"),
        (f"accuracy before a camera that drifted; after {LESSONS} samples learned in hardware",
         " -> ".join(percent(learned[f"accuracy_{when}"], learned["test_samples"]) for when in ("before", "after")),
         learned["network"]),
        *(("report", "", found["report"]) for found in reports)])


def _again(out: Path) -> list[str]:
    """A run that was begun goes on; one that is done is not trained twice."""
    from ..runs.folder import is_run

    return ["--resume"] if is_run(out) else []
