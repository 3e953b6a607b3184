"""Constraints, script and flow for Vivado, without a project."""

from collections.abc import Iterable, Mapping

from ..toolchain import Stage

__all__ = ["constraints", "flow", "script"]


def flow(name: str) -> tuple[Stage, ...]:
    """From the sources called ``name`` to a bitstream."""
    command = ("vivado", "-mode", "batch", "-nojournal", "-log", "vivado.log", "-source", f"{name}.tcl")
    return (Stage(name="vivado", command=command, products=(f"{name}.bit",)),)


def constraints(timing: Iterable[str], ports: Iterable[tuple[str, str, Mapping[str, str]]]) -> str:
    """XDC: the lines of ``timing``, and pin and standard of each port (name, pin, attributes)."""
    lines = [*timing, ""]
    for name, pin, attributes in ports:
        lines.append(f"set_property PACKAGE_PIN {pin} [get_ports {{{name}}}]")
        lines += [f"set_property {key} {value} [get_ports {{{name}}}]" for key, value in sorted(attributes.items())]
        lines.append(f"set_false_path -to [get_ports {{{name}}}]")
    return "\n".join([*lines, "", "set_property CFGBVS VCCO [current_design]",
                      "set_property CONFIG_VOLTAGE 3.3 [current_design]", ""])


_SCRIPT = """\
# Builds {name}.bit from {name}.v and {name}.xdc. Run in this folder: {command}
set_param general.maxThreads 4
read_verilog {name}.v
read_xdc {name}.xdc
synth_design -top {name} -part {part}
write_checkpoint -force {name}_synth.dcp
opt_design
place_design
phys_opt_design
route_design
write_checkpoint -force {name}_route.dcp
report_utilization -file {name}_utilization.rpt
report_timing_summary -file {name}_timing.rpt
report_drc -file {name}_drc.rpt
foreach check {{setup hold}} {{
    set paths [get_timing_paths -max_paths 1 -$check]
    if {{[llength $paths] == 0}} {{
        puts "ERROR: no path was timed for $check; the clock constraint does not reach the design"
        exit 1
    }}
    set slack [get_property SLACK [lindex $paths 0]]
    puts "Worst $check slack: $slack ns"
    if {{$slack < 0}} {{
        puts "ERROR: $check timing is missed by [expr {{-$slack}}] ns; see {name}_timing.rpt"
        exit 1
    }}
}}
write_bitstream -force {name}.bit
"""


def script(name: str, part: str) -> str:
    """Tcl that goes from Verilog to a bitstream, and refuses one that misses its timing."""
    return _SCRIPT.format(name=name, part=part, command=" ".join(flow(name)[0].command))
