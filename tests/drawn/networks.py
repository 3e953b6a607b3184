"""Specifications of whole networks, drawn by hypothesis among all that hardware takes; simple ones are the smallest."""

from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st

from rtl_gen.contract.block import MEMORIES, BlockSpec, Directives
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.grid import POOLS, PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.limits import hardware_refusals
from rtl_gen.contract.neurons.lif import LifSpec
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.readout import ACCUMULATES, ANSWERS, ERROR_FUNCTIONS, READINGS, ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.surrogate import SurrogateSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from rtl_gen.contract.update import ROUNDINGS, UpdateSpec
from rtl_gen.contract.weights import WeightSpec

from .able import able, engines

MOST_BLOCKS, MOST_LAYERS, MOST_STEPS = 3, 3, 10
LARGEST_UNROLLED = 60
Grid = tuple[int, int, int]


def seldom(common, rare):
    """Three times in four of ``common``, else of ``rare``."""
    return st.integers(0, 3).flatmap(lambda chance: rare if chance == 3 else common)


def chance(most=1, of=2):
    """True in ``most`` of ``of`` draws; false is simpler."""
    return st.integers(0, of - 1).map(lambda number: number >= of - most)


@st.composite
def shifts(draw, bits):
    sizes = draw(st.lists(st.integers(1, min(bits - 1, 11)), min_size=1, max_size=3, unique=True).map(sorted))
    return (sizes[0], *(size * draw(st.sampled_from((1, -1))) for size in sizes[1:]))


@st.composite
def widths(draw, features):
    """Bits of weights, of their shadows and of membranes: one choice for a block, whose layers share memories."""
    bits = 1 if "1 bit" in features and draw(chance(of=5)) else draw(seldom(st.integers(2, 9), st.integers(2, 16)))
    shadow = draw(seldom(st.integers(0, 8), st.integers(0, 16)))
    return bits, shadow, draw(seldom(st.integers(8, 16), st.integers(4, 24)))


@st.composite
def neurons(draw, features, weight_bits, bits):
    largest = (1 << bits - 1) - 1
    # A few of the largest weights reach it: silent neurons prove little.
    threshold = draw(st.integers(1, min(largest, 1 << weight_bits)))
    reset = draw(st.sampled_from(("subtract", "zero")))
    common = dict(membrane_bits=bits, threshold=threshold, reset=reset)
    if reset == "subtract" and draw(chance(of=4)):
        common["reset_amount"] = draw(st.integers(1, min(2 * threshold, largest)))
    if "thresholds" in features and weight_bits > 1 and draw(chance(of=3)):
        common["threshold_shift"] = draw(st.integers(0, 4))
    if draw(chance(of=4)):
        return LifShiftsSpec(leak_shifts=draw(shifts(bits)), **common)
    return LifSpec(leak_shift=draw(st.none() | st.integers(1, min(6, bits - 1))), **common)


@st.composite
def surrogates(draw, neuron):
    if draw(st.booleans()):
        return SurrogateSpec(shape="triangle", width=draw(st.integers(0, neuron.membrane_bits)),
                             height=draw(st.integers(1, 7)))
    return SurrogateSpec(shape="boxcar", height=1,
                         width=draw(st.integers(1, min(3 * neuron.threshold, 2 * neuron.membrane_max + 2))))


@st.composite
def updates(draw):
    rounding = draw(st.sampled_from(ROUNDINGS))
    most = 16 if rounding == "stochastic" else 31
    return UpdateSpec(rounding=rounding, rate_shift=draw(seldom(st.integers(0, 10), st.integers(0, most))),
                      feedback_shift=draw(st.integers(0, 8)))


@st.composite
def pools(draw, grid):
    height, width, channels = grid
    partial = draw(st.booleans())
    return PoolSpec(kind=draw(st.sampled_from(POOLS)), height=height, width=width, channels=channels, partial=partial,
                    size=draw(st.integers(1, min(4, (max if partial else min)(height, width)))))


@st.composite
def convolutions(draw, grid):
    height, width, channels = grid
    padding = draw(st.integers(0, 2))
    divisors = [number for number in range(1, channels + 1) if channels % number == 0]
    groups = draw(st.sampled_from(divisors)) if draw(chance(of=16)) else 1
    return ConvSpec(height=height, width=width, channels=channels, filters=groups * draw(st.integers(1, 5)),
                    kernel=draw(st.integers(1, min(3, min(height, width) + 2 * padding))),
                    stride=draw(st.integers(1, 3)), padding=padding, groups=groups)


@st.composite
def synapses_of(draw, features, grid):
    """Synapses of inputs on a grid, and the grid of their neurons."""
    if "convolution" in features and draw(st.booleans()):
        found = draw(convolutions(grid))
        return found, (found.out_height, found.out_width, found.filters)
    out = draw(grids(features))
    inputs, outputs = (height * width * channels for height, width, channels in (grid, out))
    return DenseSpec(inputs=inputs, outputs=outputs, recurrent="recurrent" in features and draw(chance(of=3))), out


@st.composite
def grids(draw, features):
    """A grid of pixels; a line of channels where no synapses know more."""
    if {"convolution", "pool", "readout pool"} & features and draw(st.booleans()):
        return draw(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)))
    return 1, 1, draw(seldom(st.integers(1, 24), st.integers(25, 70)))


@st.composite
def layers(draw, features, grid, before, bits, shadow, membrane_bits):
    """A layer of inputs on a grid, and the grid of its neurons; ``before`` are the block's layers so far."""
    pool = draw(pools(grid)) if "pool" in features and draw(chance(of=3)) else None
    seen = grid if pool is None else (pool.out_height, pool.out_width, pool.channels)
    synapses, out = draw(synapses_of(features, seen))
    neuron = draw(neurons(features, bits, membrane_bits))
    current = draw(currents(neuron)) if "lingering" in features and draw(chance()) else None
    layer = LayerSpec(
        synapses=synapses, neuron=neuron, surrogate=draw(surrogates(neuron)), update=draw(updates()), pool=pool,
        current=current, weights=WeightSpec(bits=bits, shadow_bits=shadow, fraction_bits=4, bias=draw(st.booleans())))
    sources = [below for below, other in enumerate(reversed(before), 1)
               if other.outputs == layer.outputs and not other.synapses.recurrent]
    if "residual" in features and sources and not layer.synapses.recurrent and draw(st.booleans()):
        shift = draw(st.integers(0, 3))
        layer = replace(layer, residual=ResidualSpec(below=draw(st.sampled_from(sources)), shift=shift,
                                                     own_shift=0 if shift else draw(st.integers(0, 3))))
    return layer, out


@st.composite
def currents(draw, neuron):
    bits = draw(st.integers(max(4, neuron.membrane_bits - 3), min(24, neuron.membrane_bits + 3)))
    return CurrentSpec(bits=bits, leak_shifts=draw(shifts(bits)))


@st.composite
def readouts(draw, features, grid, classes):
    height, width, channels = grid
    learned = draw(st.booleans())
    common = dict(
        inputs=height * width * channels, classes=classes, learned=learned,
        error_function=draw(st.sampled_from(ERROR_FUNCTIONS)), logit_shift=draw(st.integers(-3, 6)),
        dead_zone=draw(st.sampled_from((0, 0, 3, 60, 120))),
        pool=draw(pools(grid)) if "readout pool" in features and draw(chance(of=3)) else None)
    if "leaky readout" in features and draw(chance(of=2)):
        reading = draw(st.sampled_from([reading for reading in READINGS
                                        if reading != "maximum" or "largest level" in features]))
        common |= dict(leak_shift=draw(st.integers(1, 6)), reading=reading)
    if common.get("reading", "sum") == "sum":
        common |= dict(accumulate=draw(st.sampled_from(ACCUMULATES)), answer=draw(st.sampled_from(ANSWERS)))
    else:
        common |= dict(accumulate="cumulative", answer="all")
    if not learned:
        return ReadoutSpec(weight_bits=2, shadow_bits=0, rate_shift=0, rounding="nearest", **common)
    update = draw(updates())
    bits = 1 if "1-bit readout" in features and draw(chance(of=5)) else draw(st.integers(2, 10))
    return ReadoutSpec(weight_bits=bits, shadow_bits=draw(st.integers(0, 8)), rate_shift=update.rate_shift,
                       rounding=update.rounding, feedback_shift=draw(st.none() | st.integers(0, 8)), **common)


@st.composite
def directives(draw, engine, outputs, classes, window, flat):
    lanes = draw(seldom(st.integers(1, 9), seldom(st.integers(10, 24), st.integers(25, 64))))
    # Unrolled, the engine grows with both, and a large one takes a minute to build.
    small = lanes * window <= LARGEST_UNROLLED
    return Directives(lanes=lanes, memory=draw(st.sampled_from(MEMORIES)), engine=engine,
                      reads=draw(st.integers(1, 2)) if flat and outputs > lanes else 1,
                      unroll=flat and small and draw(st.booleans()),
                      classes_per_cycle=draw(st.none() | st.integers(1, classes)),
                      ahead=draw(seldom(st.just(0), st.integers(1, 40))))


# Of those a block may have that is one layer of each input at each neuron.
FLAT = frozenset(("plain", "1 bit", "1-bit readout", "leaky readout", "largest level", "lingering"))


@st.composite
def blocks(draw, grid, classes, max_steps):
    """A block of inputs on a grid, and the grid of its neurons."""
    engine = draw(seldom(st.sampled_from([kind for kind in engines() if kind != "none"]), st.just("none")))
    features, made = able(engine), []
    if draw(chance(of=4)):          # else hardly any is flat
        features &= FLAT
    bits = draw(widths(features))
    for _ in range(draw(st.integers(1, MOST_LAYERS)) if "deep" in features else 1):
        layer, grid = draw(layers(features, grid, made, *bits))
        made.append(layer)
    readout = draw(readouts(features, grid, classes))
    window = draw(seldom(st.integers(1, max(1, max_steps // 2)), st.integers(1, max_steps)))
    loss_steps = draw(st.integers(1, window)) if readout.reading == "sum" else window
    block = BlockSpec(layers=tuple(made), readout=readout, window=window, loss_steps=loss_steps,
                      update_interval=draw(st.integers(1, min(3, max(1, max_steps // window)))),
                      directives=Directives(lanes=1, memory="auto", engine=engine))
    walked = 1 if readout.reading == "maximum" else classes
    drawn = draw(directives(engine, block.outputs, walked, window, plan_of(block).flat))
    return replace(block, directives=drawn), grid


def counted(spec, seed):
    """``spec``, or of one seed in four the same with inputs that count."""
    block, *others = spec.blocks
    first, *layers = block.layers
    if plan_of(block).flat or seed % 4 != 1:
        return spec
    block = replace(block, layers=(replace(first, input_max=(2, 3, 7)[seed // 4 % 3]), *layers))
    found = replace(spec, blocks=(block, *others))
    return spec if hardware_refusals(found) else found


@st.composite
def specs(draw):
    """A network that hardware takes."""
    classes, max_steps = draw(st.integers(2, 12)), draw(st.integers(1, MOST_STEPS))
    grid, made = draw(grids(able(engines()[0]))), []
    for _ in range(draw(seldom(st.just(1), st.integers(1, MOST_BLOCKS)))):
        block, grid = draw(blocks(grid, classes, max_steps))
        made.append(block)
    spec = NetworkSpec(name="drawn", blocks=tuple(made), max_steps=max_steps,
                       seed=draw(st.integers(0, (1 << 32) - 1)))
    assume(not hardware_refusals(spec))
    return spec
