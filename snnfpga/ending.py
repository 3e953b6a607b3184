"""What is to be given back once a verb has ended, however it ended."""

import atexit
from contextlib import ExitStack

at_end = ExitStack()        # closed by the command line; where a verb was called from elsewhere, with the process
atexit.register(at_end.close)
