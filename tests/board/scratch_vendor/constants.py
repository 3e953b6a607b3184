"""Numbers that the fabric and the program on the board share."""

CLOCK_MHZ = 48.0
