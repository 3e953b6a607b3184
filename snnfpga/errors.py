"""What the command line says instead of a traceback."""

FAILED = 1
USAGE = 2


class SnnfpgaError(Exception):
    """One line for the user: the thing, the rule, the offender, what to do.

    Attributes
    ----------
    exit_code
        ``FAILED`` (1): understood, but it did not succeed. ``USAGE`` (2): the input asks for what there is not.
    """

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(one_line(message))
        self.exit_code = exit_code


def one_line(text: str) -> str:
    """``text`` without line breaks."""
    return " ".join(text.split())


def explain(error: Exception) -> tuple[str, int] | None:
    """The line to print and the exit code, or None for an error that is a mistake of ours."""
    # Imported here, where something went wrong already: the command line starts without them.
    from board.plan import BuildError
    from board.registry import BoardError
    from board.toolchain import ToolError
    from rtl_gen.contract.checks import SpecError
    from rtl_gen.contract.network_file import NetworkFileError
    from rtl_gen.yosys import YosysError
    from sim.device import DeviceError
    from sim.runner import SimulationError
    from sim.simulators import SimulatorError

    if isinstance(error, SnnfpgaError):
        return str(error), error.exit_code
    if isinstance(error, (BoardError, NetworkFileError, SpecError)):
        return one_line(str(error)), USAGE
    if isinstance(error, (BuildError, DeviceError, SimulationError, SimulatorError, ToolError, YosysError)):
        return one_line(str(error)), FAILED
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else ""
        return f"Cannot read or write{place}: {error.strerror}; make room or choose another place", FAILED
    return None
