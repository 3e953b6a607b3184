"""Which benches write at rising edges is read from their sources."""

import ast
from pathlib import Path

import pytest

from sim import benches
from sim.quick import AT_RISING_EDGES, TRUST, quick

FOLDER = Path(benches.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
DRIVERS = {"cocotbext.axi", "bus", "driver", "core"}      # of buses; bench modules that import one write as it does


def written(statement):
    """Whether a statement sets the value of a signal."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return any(isinstance(part, ast.Attribute) and part.attr == "value" for part in parts)


def writes_behind_an_edge(source):
    """Lines that write where the last trigger that was awaited before, in the same function, is a rising edge."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.AsyncFunctionDef):
            nested = {id(part) for inner in ast.walk(function) if inner is not function and isinstance(
                inner, (ast.FunctionDef, ast.AsyncFunctionDef)) for part in ast.walk(inner)}
            own = [part for part in ast.walk(function) if id(part) not in nested and hasattr(part, "lineno")]
            edge = ""
            for part in sorted(own, key=lambda part: (part.lineno, part.col_offset)):
                if isinstance(part, ast.Await):
                    edge = ast.unparse(part.value)
                elif written(part) and edge.startswith(("RisingEdge(", "ClockCycles(")):
                    found.append(part.lineno)
    return found


def modules(source):
    """Names from which a module imports, and of what it imports from its own package."""
    found = set()
    for part in ast.walk(ast.parse(source)):
        if isinstance(part, ast.ImportFrom):
            found |= {part.module or ""} | ({name.name for name in part.names} if part.level and not part.module
                                            else set())
    return found


def rises(name, asked=()):
    """Whether a bench writes at rising edges, itself or through what it imports."""
    source = (FOLDER / f"{name}.py").read_text()
    imported = modules(source)
    beside = [other for other in imported & set(NAMES) if other not in ("core", name, *asked)]
    return bool(writes_behind_an_edge(source) or imported & DRIVERS or any(
        rises(other, (name, *asked)) for other in beside))


def test_those_that_write_at_rising_edges_are_named():
    found = {name for name in NAMES if rises(name)}
    assert {"update", "core", "core_axi", "forward"} <= found
    assert found - {"forward_surroundings"} <= AT_RISING_EDGES, "name them in sim/quick.py"
    assert set(NAMES) >= AT_RISING_EDGES


@pytest.mark.parametrize(("edge", "writes"), [("RisingEdge", 1), ("FallingEdge", 0), ("ClockCycles", 1)])
def test_a_write_is_seen(edge, writes):
    source = f"async def f(dut):\n    await {edge}(dut.clk)\n    if dut.a.value == 1:\n        dut.b.value = 2\n"
    assert len(writes_behind_an_edge(source)) == writes


def test_the_others_need_no_phase_for_writing():
    assert quick("sim.benches.block")[TRUST] == "1"
    assert quick("sim.benches.update")[TRUST] == "0"
