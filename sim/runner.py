"""Build an Amaranth component for a simulator and run a cocotb module on it."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from amaranth.lib.wiring import Component
from cocotb_tools.runner import Runner, get_runner
from numpy.typing import NDArray

from rtl_gen.claim import claimed_folder, is_claimed
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.emit import to_verilog

from .bench import ARRAYS_VARIABLE, SPEC_VARIABLE
from .built import compiling, digest_of
from .quick import TRUST, quick
from .simulators import SimulatorError, choose, surroundings

DAY_S = 24 * 3600
_NO_VALUES: Mapping[str, str] = {}


class SimulationError(SnnfpgaError):
    """A cocotb test failed, or none ran; the message names them and the log."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """A component built for a simulator.

    Attributes
    ----------
    top
        Its module.
    simulator, build_dir
        For what it was built, and the folder that holds it alone.
    spec_json
        The network it was made for, as JSON; empty where the component has none.
    """

    top: str
    simulator: str
    build_dir: Path
    spec_json: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """What a run of cocotb tests came to."""

    ran: int
    seconds: float
    path: Path
    log: Path
    failures: dict[str, str] = field(default_factory=dict)


def build(component: Component, *, build_dir: Path, simulator: str | None = None, name: str | None = None,
          optimise: bool = False, waves: bool = False) -> Design:
    """Emit ``component`` as Verilog and build it.

    Parameters
    ----------
    build_dir
        Folder for what is made, each design in one of its own there; made where it is missing, whatever its name.
        What was built there before is not built again, and one process at a time builds.
    simulator
        ``icarus`` or ``verilator``; None takes the first that is here.
    name
        Of the module; None takes the component's class.
    optimise
        Spend compile time on simulation speed (Verilator).
    waves
        Record every signal: ``<top>.fst`` (Icarus) or ``dump.vcd`` (Verilator) where the benches run.

    Raises
    ------
    sim.simulators.SimulatorError
        If the simulator is missing, or refuses the design; the message names its log and what it says.
    rtl_gen.yosys.YosysError
        If Yosys refuses the design.
    """
    spec = getattr(component, "spec", None)
    top = name or type(component).__name__
    return build_verilog(to_verilog(component, name=top), top=top, build_dir=build_dir, simulator=simulator,
                         spec=spec if isinstance(spec, NetworkSpec) else None, optimise=optimise, waves=waves)


def build_verilog(text: str, *, top: str, build_dir: Path, simulator: str | None = None,
                  spec: NetworkSpec | None = None, optimise: bool = False, waves: bool = False) -> Design:
    """Build Verilog text that was emitted before; else as :func:`build`."""
    simulator = choose(simulator)
    folder = Path(build_dir).absolute()
    arguments = []
    if simulator == "verilator":
        # Generated Verilog has harmless width warnings. Only the ports are visible to a bench: to keep every signal
        # visible would cost most of Verilator's speed.
        arguments = ["-Wno-fatal", "-Wno-lint", "--no-public-flat-rw", "--x-assign", "0", "--x-initial", "0"]
        if optimise:
            arguments += ["-O3"]
    with claimed_folder(folder, "Simulation folder", wait=True), surroundings(simulator, optimise=optimise):
        # By all that goes into it: what other processes run meanwhile is never replaced.
        place = folder / digest_of(text, top, simulator, (*arguments, f"optimise={optimise}", f"waves={waves}"))
        if not place.exists():
            control = f'`verilator_config\npublic_flat_rw -module "{top}" -var "*"\n'
            sources = {**({"ports.vlt": control} if simulator == "verilator" else {}), f"{top}.v": text}
            with compiling(place) as work:
                for name, contents in sources.items():
                    (work / name).write_text(contents, "utf-8")
                _logged(folder / "build.log", work, lambda runner, log: runner.build(
                    sources=[work / name for name in sources], hdl_toplevel=top, build_dir=work, build_args=arguments,
                    always=True, timescale=("1ns", "1ps"), waves=waves, log_file=log), simulator)
    spec_json = "" if spec is None else json.dumps(spec.to_dict())
    return Design(top=top, simulator=simulator, build_dir=place, spec_json=spec_json)


def _logged(log: Path, work: Path, act: Callable[[Runner, Path], None], simulator: str) -> None:
    """Build in ``work``; what the tools say goes to ``log``, where paths of ``work`` are those of the log's folder."""
    log.unlink(missing_ok=True)
    try:
        act(get_runner(simulator), log)
    except RuntimeError as error:
        if log.exists():
            log.write_text(log.read_text("utf-8", errors="replace").replace(str(work), str(log.parent)), "utf-8")
        for source in (*work.glob("*.v"), *work.glob("*.vlt")):
            (log.parent / source.name).write_bytes(source.read_bytes())
        raise SimulatorError(f"{simulator} did not build the design: {_telling(log) or error}; see {log}") from None


def _telling(log: Path) -> str:
    """The line that says most of why a tool stopped: the first that speaks of an error, else the last."""
    text = log.read_text("utf-8", errors="replace") if log.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")


def run(design: Design, *, bench: str, seed: int = 1, environment: Mapping[str, str] = _NO_VALUES,
        arrays: Mapping[str, NDArray] | None = None, waves: bool = False, folder: Path | None = None) -> Results:
    """Run every test of the cocotb module ``bench`` on ``design``.

    The bench reads the network with :func:`sim.bench.load_spec`, ``arrays`` with :func:`sim.bench.load_arrays`, and
    ``environment`` from ``os.environ``.

    Parameters
    ----------
    folder
        For what goes in and what comes out: log, results, arrays, waves. One at a time may run in it; None takes the
        design's own. :func:`own_folder` makes one for a run.

    Raises
    ------
    SimulationError
        If a cocotb test failed, or if none ran.
    """
    folder = design.build_dir if folder is None else folder
    label = bench.rpartition(".")[2]
    results, log = folder / f"{label}.results.xml", folder / f"{label}.log"
    results.unlink(missing_ok=True)
    values = {SPEC_VARIABLE: design.spec_json, **environment}
    if arrays is not None:
        np.savez(folder / f"{label}.npz", **arrays)
        values[ARRAYS_VARIABLE] = str(folder / f"{label}.npz")
    began = time.monotonic()
    with surroundings(design.simulator, optimise=False):
        runner = get_runner(design.simulator)
        try:
            runner.test(
                hdl_toplevel=design.top, hdl_toplevel_lang="verilog", test_module=bench, seed=seed,
                build_dir=design.build_dir, test_dir=folder, plusargs=[f"+dumpfile_path={design.top}.fst"],
                results_xml=str(results), log_file=log, waves=waves, timescale=("1ns", "1ps"),
                extra_env={"COCOTB_REWRITE_ASSERTION_FILES": "*/sim/benches/*.py", "COCOTB_ANSI_OUTPUT": "0",
                           TRUST: "0", **values})
        except (SystemExit, RuntimeError):
            pass            # what failed, and whether anything ran at all, is read from the results below
    return _collect(bench, results, log, time.monotonic() - began)


@contextmanager
def own_folder(design: Design) -> Iterator[Path]:
    """A folder for one run on ``design``, beside those of other processes: gone afterwards, unless the simulation
    failed, when an error names the log in it; what such a one left stays for a day.
    """
    for old in design.build_dir.glob("run-*"):
        if time.time() - old.stat().st_mtime > DAY_S and not is_claimed(old):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=design.build_dir))
    try:
        with claimed_folder(folder, "Simulation folder"):
            yield folder
    except SimulationError:
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _collect(bench: str, results: Path, log: Path, seconds: float) -> Results:
    if not results.exists():
        raise SimulationError(f"{bench} ended without results: {_telling(log)}; see {log}")
    cases = [case for case in ElementTree.parse(results).iter("testcase") if case.find("skipped") is None]
    failures = {}
    for case in cases:
        for kind in ("failure", "error"):
            for element in case.findall(kind):
                failures[case.get("name", "")] = element.get("message") or element.get("error_msg") or kind
    found = Results(ran=len(cases), seconds=seconds, path=results, log=log, failures=failures)
    if found.ran == 0:
        raise SimulationError(f"No cocotb test ran in {bench}; see {log}")
    if failures:
        listed = "\n".join(f"  {name}: {message}" for name, message in failures.items())
        raise SimulationError(f"{len(failures)} of {found.ran} cocotb tests failed in {bench}; see {log}:\n{listed}")
    return found


def simulate(component: Component, *, bench: str, build_dir: Path, simulator: str | None = None, seed: int = 1,
             environment: Mapping[str, str] = _NO_VALUES, arrays: Mapping[str, NDArray] | None = None,
             optimise: bool = False, waves: bool = False) -> Results:
    """Build ``component`` and run ``bench`` on it: :func:`build`, then :func:`run`, as :func:`sim.quick.quick` says."""
    design = build(component, build_dir=build_dir, simulator=simulator, optimise=optimise, waves=waves)
    return run(design, bench=bench, seed=seed, environment={**quick(bench), **environment}, arrays=arrays, waves=waves)

