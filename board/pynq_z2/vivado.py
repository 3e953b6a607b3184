"""Constraints and script for Vivado, without a project."""

from collections.abc import Iterable, Mapping

from .ps7 import Ps7

__all__ = ["COMMAND", "constraints", "script"]

COMMAND = "vivado -mode batch -nojournal -log vivado.log -source"


def constraints(ports: Iterable[tuple[str, str, Mapping[str, str]]], clock_mhz: float) -> str:
    """XDC: the fabric clock, and pin and standard of each port (name, pin, attributes)."""
    period_ns = 1000 / clock_mhz
    lines = ["# The processor's clock; it is set from Linux, at most to this frequency.",
             f"create_clock -name fabric -period {period_ns:.3f} [get_pins {{ps7/{Ps7.CELL}/FCLKCLK[0]}}]",
             "# The reset is brought into the clock's domain by a synchroniser.",
             f"set_false_path -from [get_pins {{ps7/{Ps7.CELL}/FCLKRESETN[0]}}]", ""]
    for name, pin, attributes in ports:
        lines.append(f"set_property PACKAGE_PIN {pin} [get_ports {{{name}}}]")
        lines += [f"set_property {key} {value} [get_ports {{{name}}}]" for key, value in sorted(attributes.items())]
        lines.append(f"set_false_path -to [get_ports {{{name}}}]")
    return "\n".join([*lines, "", "set_property CFGBVS VCCO [current_design]",
                      "set_property CONFIG_VOLTAGE 3.3 [current_design]", ""])


_SCRIPT = """\
# Builds {name}.bit from {name}.v and {name}.xdc. Run in this folder: {command} {name}.tcl
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
    return _SCRIPT.format(name=name, part=part, command=COMMAND)
