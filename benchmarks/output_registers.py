"""Registers that the block RAMs of an ECP5 have at their outputs, and that Yosys leaves unused.

With them a word is there a nanosecond after the clock, without them after six. What tools of the vendor do, two passes
do here, and the design stays what it is, cycle by cycle: a register that is reset, which block RAM has none of, is one
that is not and is followed by the choice of 0; and one that takes an output of a block RAM as it comes, with all else
that leaves the port, is the block RAM's own.
"""

import re
from collections import defaultdict
from typing import Any

__all__ = ["BEHIND", "RESET_BEHIND", "copy_registers", "use_output_registers"]

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
MANY, FEW = 64, 16                             # pins of a register that is copied, and of a copy


def use_output_registers(netlist: dict[str, Any]) -> int:
    """Take the registers behind block RAM, of a flat ``netlist`` as Yosys writes it, into the block RAMs.

    Gives how many are gone. A port keeps its mode where any of its outputs goes anywhere but to a register that has no
    reset, no enable and the port's clock, and where its enable or reset is used, which the register would share.
    """
    cells, readers = _top(netlist)["cells"], _readers(_top(netlist))
    gone = 0
    for cell in [cell for cell in cells.values() if cell["type"] == "DP16KD"]:
        wide = PSEUDO_DUAL in (int(cell["parameters"][f"DATA_WIDTH_{port}"], 2) for port in "AB")
        for ports in ("AB",) if wide else ("A", "B"):
            found = _registers(cell, ports, cells, readers)
            for output, register in found.items():
                cell["connections"][output] = cells.pop(register)["connections"]["Q"]
            for port in ports if found else ():
                cell["parameters"][f"REGMODE_{port}"] = "OUTREG"
            gone += len(found)
    return gone


def copy_registers(netlist: dict[str, Any]) -> int:
    """Make a register that drives many pins and only repeats another once for each few of them; gives how many more.

    Pins are taken by name, so that those of neighbouring bits have one. No logic is before such a register, so that
    its copies can lie far from what they repeat.
    """
    top = _top(netlist)
    cells, readers = top["cells"], _readers(top)
    outputs = {cell["connections"]["Q"][0] for cell in cells.values() if cell["type"] == "TRELLIS_FF"}
    bit, made = max(bit for bit in readers if isinstance(bit, int)), 0
    for name, cell in [item for item in cells.items() if item[1]["type"] == "TRELLIS_FF"]:
        pins = sorted(readers[cell["connections"]["Q"][0]], key=_in_order)
        if cell["connections"]["DI"][0] not in outputs or len(pins) < MANY or any(not owner for owner, _ in pins):
            continue
        for first in range(FEW, len(pins), FEW):
            bit, made = bit + 1, made + 1
            cells[f"{name}_copy{made}"] = {**cell, "connections": {**cell["connections"], "Q": [bit]}}
            for owner, pin in pins[first:first + FEW]:
                bits = cells[owner]["connections"][pin]
                cells[owner]["connections"][pin] = [bit if each == cell["connections"]["Q"][0] else each
                                                    for each in bits]
    return made


def _in_order(pin: tuple[str, str]) -> list[tuple[int, str]]:
    """A name's words and numbers, by which 2 comes before 10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", pin[0])]


def _top(netlist: dict[str, Any]) -> dict[str, Any]:
    (top,) = (module for module in netlist["modules"].values() if module["attributes"].get("top"))
    return top


def _readers(top: dict[str, Any]) -> dict[Any, list[tuple[str, str]]]:
    """By bit the cells and pins that read it; a port of the design is a pin of no cell."""
    readers = defaultdict(list)
    for name, cell in top["cells"].items():
        for pin, bits in cell["connections"].items():
            for bit in bits if cell["port_directions"][pin] != "output" else ():
                readers[bit].append((name, pin))
    for name, port in top["ports"].items():
        for bit in port["bits"]:
            readers[bit].append(("", name))
    return readers


def _registers(cell: dict[str, Any], ports: str, cells: dict[str, Any], readers: dict[Any, list[tuple[str, str]]]
               ) -> dict[str, str]:
    """By an output of the ports the register that takes it; none where one of them cannot be the block RAM's own.

    Where both ports' outputs are one word it is read with the settings of the second.
    """
    pins, port = cell["connections"], ports[-1]
    if [pins[f"{pin}{port}"] for pin in ("CE", "OCE", "RST")] != [["1"], ["1"], ["0"]]:
        return {}
    found = {}
    for output in (f"DO{each}{number}" for each in ports for number in range(OUTPUTS)):
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
