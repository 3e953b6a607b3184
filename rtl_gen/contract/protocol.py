"""What travels between host and core: beats, packets, memories, registers. Standard library only.

``docs/protocol.md`` is this file in words; the driver, the core, the benches and the model of the ingest all read the
numbers from here.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from .spec import NetworkSpec


class Beat(IntEnum):
    """Kind of a beat of the input stream, in bits 31..30."""

    START = 0
    EVENT = 1
    END_OF_STEP = 2
    WRITE = 3


class Packet(IntEnum):
    """Kind of a packet of the output stream, in bits 31..30 of its first beat."""

    RESULT = 0
    MEMORY = 1
    SO_FAR = 2


class Memory(IntEnum):
    """Memories that the host can reach, of a layer or of a block's readout; :func:`memory_id` numbers them all."""

    WEIGHTS = 0
    READOUT = 1
    MEMBRANES = 2
    SPIKES = 3
    ANSWERS = 4


class Error(IntFlag):
    """Flags of the ERRORS register."""

    BEAT = 1 << 0           # a beat with no meaning where it came: event or end of step outside a sample, ...
    INDEX = 1 << 1          # event index out of range
    LABEL = 1 << 2          # label, of a sample or a step, out of range in a sample to learn from
    EARLY_TLAST = 1 << 3    # TLAST on a start or event beat
    MISSING_TLAST = 1 << 4  # a start beat, or max_steps reached, in an open sample
    WRITE = 1 << 5          # a write packet of a wrong length, an unknown memory, or inside a sample
    BUS = 1 << 6            # a register access outside the map
    TIMEOUT = 1 << 7        # a packet had begun, and no beat came for as long as the watchdog waits


KIND_SHIFT = 30
LABEL_BITS = 16             # start beat and end of step: bits 15..0
LEARN_BIT = 16              # start beat
STEP_LABELS_BIT = 17        # start beat: labels come with the ends of steps
TELL_BIT = 18               # start beat: the answers so far are told as windows end
LABELLED_BIT = 16           # end of step: it has a label
INDEX_BITS = 24             # event beat: bits 23..0
MEMORY_BITS = 16            # write beat and memory packet: bits 15..0
PREDICTION_BITS = 8         # result header: bits 7..0
ANSWER_BITS = 32            # result packet: a beat a class, two's complement

IDENTITY = 0x534E4E46       # "SNNF"
VERSION = 4

MEMORIES_PER_BLOCK = 8
BLOCKS_PER_LAYER = 16       # of a memory id, the layer stands above the block
MAX_LAYERS = 1 << MEMORY_BITS - 7       # of a block, so that a memory id tells them apart
LAYER_MEMORIES = (Memory.WEIGHTS, Memory.MEMBRANES, Memory.SPIKES)      # the others are of the block's readout


def start_beat(label: int, learn: bool, *, step_labels: bool = False, tell: bool = False) -> int:
    return Beat.START << KIND_SHIFT | tell << TELL_BIT | step_labels << STEP_LABELS_BIT | learn << LEARN_BIT | label


def event_beat(index: int) -> int:
    return Beat.EVENT << KIND_SHIFT | index


def end_of_step_beat(label: int = -1) -> int:
    """An end of step with the step's label; -1 is none."""
    return Beat.END_OF_STEP << KIND_SHIFT | (0 if label < 0 else 1 << LABELLED_BIT | label)


def write_beat(memory_id: int) -> int:
    return Beat.WRITE << KIND_SHIFT | memory_id


def memory_id(block: int, layer: int, memory: Memory) -> int:
    """The number of a memory; a readout's have the layer 0."""
    return (layer * BLOCKS_PER_LAYER + block) * MEMORIES_PER_BLOCK + memory


def memory_place(number: int) -> tuple[int, int, int]:
    """Block, layer and kind of a memory's number; the inverse of :func:`memory_id`."""
    rest, kind = divmod(number, MEMORIES_PER_BLOCK)
    layer, block = divmod(rest, BLOCKS_PER_LAYER)
    return block, layer, kind


class Access(IntEnum):
    """How a register answers the bus."""

    READ = 0                # writes are refused
    WRITE = 1               # reads back what was written
    COUNTER = 2             # saturates at 2**32 - 1; any write clears it
    FLAGS = 3               # a write clears the bits that are 1 in it


class Control(IntFlag):
    """Bits of the CONTROL register."""

    HALT = 1 << 0           # halt after every end of step
    RESUME = 1 << 1         # leave the halt; reads as 0


class Status(IntFlag):
    """Bits of the STATUS register."""

    IDLE = 1 << 0           # no sample open, every block drained
    HALTED = 1 << 1         # halted after a step, every block drained
    OPEN = 1 << 2           # a sample is open
    REQUEST = 1 << 3        # a memory request waits or is being served


@dataclass(frozen=True, kw_only=True)
class Register:
    name: str
    address: int            # in bytes
    access: Access


REQUEST_PENDING = 1 << 31   # REQUEST reads back so while it waits

# Counted by a block and by the reference alike, in this order.
BLOCK_COUNTERS = (
    "events", "events_dropped", "spikes", "synaptic_operations", "readout_operations", "multiplies",
    "windows_learned", "windows_skipped", "updates", "weights_read", "weights_written", "underflows",
    "membrane_saturations", "weight_saturations")
# Of the RTL alone.
BLOCK_CYCLE_COUNTERS = ("forward_cycles", "busy_lane_cycles", "update_cycles", "stall_cycles")
CORE_COUNTERS = (
    "cycles", "samples", "samples_refused", "samples_aborted", "beats_dropped", "indices_out_of_range",
    "labels_out_of_range", "tlasts_early", "tlasts_missing", "writes_refused", "bus_errors", "timeouts")
WATCHDOG_BITS = 32

BLOCK_BASE = 0x100
BLOCK_STRIDE = 0x80


def registers(spec: NetworkSpec) -> tuple[Register, ...]:
    """The register map of a network's core, by ascending address."""
    fixed = [("identity", Access.READ), ("version", Access.READ), ("digest", Access.READ),
             ("control", Access.WRITE), ("status", Access.READ), ("errors", Access.FLAGS),
             ("request", Access.WRITE), ("seed", Access.WRITE)]
    fixed += [(name, Access.COUNTER) for name in CORE_COUNTERS]
    fixed += [("watchdog", Access.WRITE)]
    found = [Register(name=name, address=4 * i, access=access) for i, (name, access) in enumerate(fixed)]
    for block in range(len(spec.blocks)):
        entries = [("window_number", Access.WRITE), ("rate", Access.WRITE)]
        entries += [(name, Access.COUNTER) for name in BLOCK_COUNTERS + BLOCK_CYCLE_COUNTERS]
        found += [Register(name=f"block{block}.{name}", address=BLOCK_BASE + BLOCK_STRIDE * block + 4 * i,
                           access=access) for i, (name, access) in enumerate(entries)]
    return tuple(found)


# The mailbox gives a bus master without DMA the streams as registers; the core's own registers lie below it.
MAILBOX_BASE = 0x8000
MAILBOX_TX = MAILBOX_BASE + 0x00            # write: a beat of the input stream
MAILBOX_TX_LAST = MAILBOX_BASE + 0x04       # write: the same, with TLAST
MAILBOX_RX = MAILBOX_BASE + 0x08            # read: takes the beat of the output stream that waits
MAILBOX_RX_STATUS = MAILBOX_BASE + 0x0C     # read: about the beat that waits
MAILBOX_TX_STATUS = MAILBOX_BASE + 0x10     # read: beats that TX and TX_LAST have room for
MAILBOX_TX_DEPTH = 64
MAILBOX_RX_DEPTH = 128                      # the longest result packet fits, so a halted core has always sent it
MAILBOX_RX_WAITS = 1 << 0                   # RX_STATUS: there is one
MAILBOX_RX_LAST = 1 << 1                    # RX_STATUS: it has TLAST
