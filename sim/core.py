"""A core in a simulator: the link a host driver needs, and a way to run a host script on it from outside.

Host code is plain blocking Python. It runs in a thread of the simulator's process, and simulated time passes only
while it waits for the core.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.task import resume
from cocotb.triggers import SimTimeoutError, with_timeout

from rtl_gen.contract.errors import SnnfpgaError

from .bus import Beats, RegisterDriver, StreamDriver, StreamMonitor
from .runner import Design, SimulationError, own_folder, run

SCRIPT_VARIABLE = "SNNFPGA_SCRIPT"
# Simulated time is dear: this many cycles at 10 ns without an answer are taken for never.
LONGEST_WAIT_US = 20_000


class CoreError(SnnfpgaError):
    """The host script failed; the message is its own."""


class SimulatedLink:
    """Registers and packets of a core in simulation, for code that blocks.

    What a board's link to the same core does, it does; so it serves the same host driver. Only for code that runs under
    :func:`run_on_core` or :func:`cocotb.task.bridge`.

    Parameters
    ----------
    registers
        Of the core.
    stream, packets
        Its streams; None where the core has none, and they are reached through registers.
    """

    def __init__(self, registers: RegisterDriver, stream: StreamDriver | None = None,
                 packets: StreamMonitor | None = None) -> None:
        self._registers, self._stream, self._packets = registers, stream, packets

    def read(self, address: int) -> int:
        """Read the register at ``address``, in bytes; raises :exc:`sim.bus.BusError` where it is refused."""
        return resume(self._registers.read)(int(address))

    def write(self, address: int, value: int) -> None:
        """Write the register at ``address``, in bytes; raises :exc:`sim.bus.BusError` where it is refused."""
        resume(self._registers.write)(int(address), int(value))

    def send(self, beats: Beats, *, last: bool = True) -> None:
        """Send ``beats``, with TLAST on the final one where ``last``; returns once they were taken.

        Raises
        ------
        TimeoutError
            If the core takes no more.
        """
        assert self._stream is not None, "a core without streams"
        _wait(lambda: self._stream.send(np.asarray(beats).tolist(), last=last), "the core to take the packet",
              LONGEST_WAIT_US + len(beats))

    def receive(self, timeout_s: float) -> Beats:
        """The next packet, without its TLAST.

        Raises
        ------
        TimeoutError
            If none comes within ``timeout_s`` of simulated time, or :data:`LONGEST_WAIT_US` where that is less.
        """
        assert self._packets is not None, "a core without streams"
        return _wait(self._packets.receive, "a packet", min(timeout_s * 1e6, LONGEST_WAIT_US))


def _wait(act: Callable[[], Any], what: str, longest_us: float) -> Any:
    async def bounded() -> Any:
        return await with_timeout(act(), max(1, round(longest_us)), "us")

    try:
        return resume(bounded)()
    except SimTimeoutError:
        raise TimeoutError(f"Waited {round(longest_us)} us of simulated time for {what}") from None


def run_on_core(design: Design, *, script: str, arguments: Mapping[str, Any], seed: int = 1) -> Any:
    """Run a host script on a core in its simulator.

    Parameters
    ----------
    design
        A built :class:`rtl_gen.core.Core` or :class:`rtl_gen.mailbox.MailboxCore`.
    script
        ``module:function``, called as ``function(link, spec, **arguments)`` in the simulator's process, with a
        :class:`SimulatedLink` and the network's specification.
    arguments
        Values that JSON can hold; larger things go by path.

    Returns
    -------
    What the function returned, through JSON.

    Raises
    ------
    CoreError
        If the function raised; the message is its exception's.
    SimulationError
        If the simulation ended otherwise.
    """
    with own_folder(design) as folder:
        order, answer = folder / "script.json", folder / "script.results.json"
        order.write_text(json.dumps({"script": script, "arguments": dict(arguments), "answer": str(answer)}), "utf-8")
        try:
            run(design, bench=f"{__package__}.benches.host_script", seed=seed, folder=folder,
                environment={SCRIPT_VARIABLE: str(order)})
        except SimulationError:
            if "error" in (found := _read(answer)):
                raise CoreError(found["error"]) from None
            raise
        return _read(answer)["value"]


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}
