"""A block of one dense layer: its forward engine and its update engine."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring

from .block_shell import BlockShell, ForwardWay
from .contract.engines.forward import Forward
from .contract.engines.readout import Readout
from .contract.plan import plan_of
from .event_list import EventList, step_layout
from .fifo import StreamFifo
from .forward import ForwardEngine
from .forward_layouts import group_layout
from .gated_rows import GatedRows
from .serialiser import Serialiser
from .token import TokenKind
from .update import UpdateEngine
from .window import WindowBuffer

__all__ = ["Block"]


class Block(BlockShell):
    """One block of the network, of a single layer in which each input reaches each neuron.

    Parameters, members and errors are those of a :class:`~rtl_gen.block_shell.BlockShell`.
    """

    def _add_forward(self, m: Module, tokens: stream.Interface) -> ForwardWay:
        """Event list, forward engine and serialiser, with the steps and the groups between them."""
        b, classes, declared = self.block, self.block.readout.classes, Forward(plan_of(self.block))
        m.submodules.events = self._events = events = EventList(
            b.inputs, classes, reads=b.directives.reads, first=declared.first_event(declared.plan.layers[0]))
        m.submodules.steps = steps = StreamFifo(step_layout(b.inputs, classes), depth=2)
        m.submodules.forward = forward = ForwardEngine(b)
        # Behind what may wait there is room for as much again.
        waiting = declared.waiting_words
        m.submodules.groups = groups = StreamFifo(group_layout(b), depth=2 * waiting)
        m.submodules.serialiser = serialiser = Serialiser(b)
        m.d.sync += forward.room.eq(groups.level <= waiting)
        wiring.connect(m, tokens, events.i)
        wiring.connect(m, events.step, steps.i)
        wiring.connect(m, steps.o, forward.step)
        wiring.connect(m, forward.o, groups.i)
        wiring.connect(m, groups.o, serialiser.i)
        wiring.connect(m, forward.reader, events.reader)
        spikes = serialiser.o
        return ForwardWay(
            engine=forward, spikes=spikes, accepted=events.accepted, dropped=events.dropped,
            spike=spikes.valid & spikes.ready & (spikes.p.kind == TokenKind.EVENT),
            empty=[events.empty, ~steps.o.valid, forward.idle, ~groups.o.valid, groups.level == 0, serialiser.idle])

    def _add_learning(self, m: Module, forward: wiring.Component) -> UpdateEngine:
        """Window buffer and update engine."""
        m.submodules.window = window = WindowBuffer(self.block, forward.gate_layout)
        m.submodules.update = update = UpdateEngine(self.block, self.spec.layer_number(self.index, 0),
                                                    forward.gate_layout)
        wiring.connect(m, forward.recorder, window.recorder)
        wiring.connect(m, self._events.clearing, window.clearing)
        wiring.connect(m, update.reader, window.reader)
        wiring.connect(m, update.gate_reader, window.gate_reader)
        if Readout(plan_of(self.block)).passes_over:
            m.submodules.gated = gated = GatedRows(self.block)
            wiring.connect(m, self._readout.gated_reader, gated.reader)
            m.d.comb += [gated.en.eq(forward.recorder.gate_en), gated.first.eq(forward.recorder.gate_first)]
            m.d.comb += [mark.eq(Value.cast(recorded).any())
                         for mark, recorded in zip(gated.marks, forward.recorder.gates, strict=True)]
        return update
