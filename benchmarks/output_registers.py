"""Registers that the block RAMs of an ECP5 have at their outputs, and that Yosys leaves unused.

With them a word is there a nanosecond after the clock, without them after six. What tools of the vendor do, two passes
do here, and the design stays what it is, cycle by cycle: a register that is reset, which block RAM has none of, is one
that is not and is followed by the choice of 0; and one that takes an output of a block RAM as it comes, with all else
that leaves the port, is the block RAM's own.
"""

from collections import defaultdict
from typing import Any

__all__ = ["BEHIND", "RESET_BEHIND", "use_output_registers"]

# For the registers behind block RAM that are set to 0, by Yosys' techmap.
RESET_BEHIND = r"""
module \$_SDFF_PP0_ (input D, C, R, output Q);
  wire held, reset;
  \$_DFF_P_ hold (.D(D), .C(C), .Q(held));
  \$_DFF_P_ late (.D(R), .C(C), .Q(reset));
  assign Q = held & ~reset;
endmodule
"""
BEHIND = "t:DP16KD %co2 t:$_SDFF_PP0_ %i"      # those registers, and some that only are where such a word goes
OUTPUTS = 18                                   # of a port
PSEUDO_DUAL = 36                               # width at which both ports' outputs are one word


def use_output_registers(netlist: dict[str, Any]) -> int:
    """Take the registers behind block RAM, of a flat ``netlist`` as Yosys writes it, into the block RAMs.

    Gives how many are gone. A port keeps its mode where any of its outputs goes anywhere but to a register that has no
    reset, no enable and the port's clock, and where its enable or reset is used, which the register would share.
    """
    (top,) = (module for module in netlist["modules"].values() if module["attributes"].get("top"))
    cells, readers = top["cells"], defaultdict(list)
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            for bit in bits if cell["port_directions"][port] != "output" else ():
                readers[bit].append((name, port))
    for name, port in top["ports"].items():
        for bit in port["bits"]:
            readers[bit].append(("", name))
    gone = 0
    for cell in [cell for cell in cells.values() if cell["type"] == "DP16KD"]:
        for port in "AB":
            found = _registers(cell, port, cells, readers)
            for output, register in found.items():
                cell["connections"][output] = cells.pop(register)["connections"]["Q"]
            if found:
                cell["parameters"][f"REGMODE_{port}"] = "OUTREG"
            gone += len(found)
    return gone


def _registers(cell: dict[str, Any], port: str, cells: dict[str, Any], readers: dict[Any, list[tuple[str, str]]]
               ) -> dict[str, str]:
    """By a port's output the register that takes it; none where one of them cannot be the port's own."""
    pins = cell["connections"]
    if PSEUDO_DUAL in (int(cell["parameters"][f"DATA_WIDTH_{each}"], 2) for each in "AB"):
        return {}
    if [pins[f"{pin}{port}"] for pin in ("CE", "OCE", "RST")] != [["1"], ["1"], ["0"]]:
        return {}
    found = {}
    for output in (f"DO{port}{number}" for number in range(OUTPUTS)):
        for name, pin in readers[pins[output][0]]:
            register = cells.get(name, {"type": "a port"})
            if (register["type"], pin) != ("TRELLIS_FF", "DI") or output in found:
                return {}
            settings = register["parameters"]
            if (register["connections"]["CLK"] != pins[f"CLK{port}"] or register["connections"]["LSR"] != ["0"]
                    or settings["CEMUX"].strip() != "1" or settings["REGSET"] != "RESET"):
                return {}
            found[output] = name
    return found
