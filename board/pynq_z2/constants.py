"""Numbers that the fabric and the program on the board share; importing nothing, they travel to the board."""

__all__ = ["BASE_ADDRESS", "CLOCK_MHZ", "WINDOW_BYTES"]

CLOCK_MHZ = 100.0               # asked for by the constraints, and set from Linux
BASE_ADDRESS = 0x4000_0000      # GP0 reaches 0x4000_0000..0x7FFF_FFFF (Xilinx UG585, table 4-1)
WINDOW_BYTES = 0x1_0000         # of the core's registers and its mailbox
