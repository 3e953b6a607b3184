"""Update engine of a 784-200-10 block alone, 16 lanes, 8 + 8 bits: windows, stepped and unrolled, as Yosys maps it.

    python benchmarks/update_engine.py [--windows K,K...]

Writes ``docs/results/update_engine.json`` after each design. Cycles are by formula, of learning from a window with 5 %
of the inputs active in each step and credit in every group, from when all feedback is there.
"""

import argparse
import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from machine import describe
from resources import DEVICE, mapped, network

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.engines.learning.reverse import Reverse
from rtl_gen.contract.plan import plan_of
from rtl_gen.forward_layouts import gate_layout
from rtl_gen.update import UpdateEngine

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "update_engine.json"
WINDOWS, UNROLLED = (2, 4, 8, 16, 32), (2, 4, 8)
DENSITY = 0.05
LINE = "{window:>3} {unroll!s:>8} {lut:>6} {ff:>6} {delay:>6} {cycles:>7}"


def block(window: int, unroll: bool) -> BlockSpec:
    base = network(shadow_bits=8, rounding="nearest").blocks[0]
    return replace(base, window=window, loss_steps=window, directives=replace(base.directives, unroll=unroll))


def measure(window: int, unroll: bool) -> dict[str, float]:
    spec = block(window, unroll)
    found, _ = mapped(UpdateEngine(spec, 0, gate_layout(spec)))
    inputs, plan = spec.inputs, plan_of(spec)
    rows = round(inputs * (1 - (1 - DENSITY) ** window))
    cycles = Reverse(plan).cycles(rows, window, round(inputs * window * DENSITY), feedback=[[0]] * plan.layers[0].words)
    return {"window": window, "unroll": unroll, "lut": found.resources["lut"], "ff": found.resources["ff"],
            "delay": DEVICE.logic_delay_ps(found, top="top"), "rows": rows, "cycles": cycles}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", default=",".join(map(str, WINDOWS)), metavar="K[,K...]")
    windows = [int(window) for window in parser.parse_args().windows.split(",")]
    rows = json.loads(RESULTS.read_text("utf-8"))["rows"] if RESULTS.exists() else []
    print("  K unrolled    lut     ff  delay  cycles")
    for window in windows:
        for unroll in (False, True)[:1 + (window in UNROLLED)]:
            rows = [row for row in rows if (row["window"], row["unroll"]) != (window, unroll)]
            rows.append(measure(window, unroll))
            print(LINE.format(**rows[-1]), flush=True)
            write_atomically(RESULTS, (json.dumps({
                "command": "python benchmarks/update_engine.py", **describe("pyosys"), "part": DEVICE.name,
                "yosys": version("pyosys"), "density": DENSITY,
                "rows": sorted(rows, key=lambda row: (row["unroll"], row["window"]))}, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
