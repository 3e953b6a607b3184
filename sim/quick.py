"""How a bench of one component is run quickly.

Such a bench computes little: to load the compiled loops of the reference takes longer than to interpret them. And one
that writes to its design at falling edges alone, which no register sees, needs no phase of its own for writing: that
saves a third of a long simulation. One that writes at rising edges does need it, as registers must see what was there
before the edge.
"""

TRUST = "COCOTB_TRUST_INERTIAL_WRITES"
# Benches that write at rising edges, as a memory or a bus beside the design would. tests/sim/test_quick.py reads them.
AT_RISING_EDGES = frozenset({
    "core", "core_axi", "credit_scan", "folded_forward", "folded_update", "forward", "host_access", "host_script",
    "ingest", "readout", "reset", "reverse_pass", "sample_cycles", "update"})


def quick(bench: str) -> dict[str, str]:
    """Environment in which the cocotb module ``bench``, a dotted name, runs quickly."""
    waits = bench.rpartition(".")[2] in AT_RISING_EDGES
    return {"NUMBA_DISABLE_JIT": "1", TRUST: "0" if waits else "1"}
