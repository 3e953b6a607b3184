"""Currents that linger: between the sum of a group's weights and its membranes, one stage of the forward pipeline."""

from amaranth.hdl import *
from amaranth.lib import data, memory

from .contract.arithmetic import signed_bits
from .contract.current import CurrentSpec
from .neurons.lif_shifts import leaked
from .saturate import saturate

__all__ = ["Lingering"]


class Lingering:
    """A group's currents, which leak as its first word comes, are summed to, saturate, and charge its membranes.

    It adds its statements to the engine's own module.

    Computes :func:`sim.reference.current.linger` bit for bit.

    Parameters
    ----------
    m : Module
        The engine's module.
    spec : CurrentSpec
        How they linger.
    words : Memory
        A word of currents for each group.
    lanes : int
        Currents in a word.
    """

    def __init__(self, m: Module, spec: CurrentSpec, words: memory.Memory, lanes: int) -> None:
        self._spec, self._lanes = spec, lanes
        self._read, self._write = words.read_port(), words.write_port()
        self._now = Signal(data.ArrayLayout(signed(spec.bits), lanes), name="currents_now")

    def leak(self, m: Module, fetching: Signal, leaking: Signal) -> list[Signal]:
        """The cycle before a word comes: what its group's currents are after their leak; 0 in a sample's first step."""
        m.d.comb += self._read.addr.eq(fetching.group)
        kept, found = data.View(self._now.shape(), self._read.data), []
        for lane in range(self._lanes):
            left = Signal(signed(signed_bits(self._spec.largest)), name=f"left{lane}")
            m.d.sync += left.eq(leaked(self._spec, kept[lane]))
            with m.If(leaking.first_step):
                m.d.sync += left.eq(0)
            found.append(left)
        return found

    def charge(self, m: Module, added: list[Signal], membranes: list[Signal],
               membrane_max: int) -> tuple[list[Signal], list[Signal]]:
        """The cycle after a group's last word: its currents saturate and are added to its leaked ``membranes``.

        Parameters
        ----------
        added : list of Signal
            The exact currents.
        membranes : list of Signal
            A cycle ahead of them, as those of the word that comes.
        membrane_max : int
            The largest magnitude of one of these.

        Returns
        -------
        The exact charges, and whether the currents were saturated, a cycle later.
        """
        charged, saturated = [], []
        for lane in range(self._lanes):
            current, over = saturate(m, added[lane], self._spec.bits, f"current{lane}")
            held = Signal.like(membranes[lane], name=f"held{lane}")
            exact = Signal(signed(signed_bits(membrane_max + self._spec.largest)), name=f"charge{lane}")
            cut = Signal(name=f"cut{lane}")
            m.d.sync += [held.eq(membranes[lane]), exact.eq(held + current), cut.eq(over), self._now[lane].eq(current)]
            charged.append(exact)
            saturated.append(cut)
        return charged, saturated

    def write(self, m: Module, firing: Signal) -> None:
        """As the group fires, its currents are written: they are not what a spike resets."""
        m.d.comb += [
            self._write.addr.eq(firing.group),
            self._write.data.eq(self._now),
            self._write.en.eq(firing.valid & firing.last & ~firing.discard),
        ]
