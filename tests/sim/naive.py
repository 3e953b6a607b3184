"""``docs/arithmetic.md`` once more, slowly, in plain Python integers; it shares no code with ``sim.reference``."""

import functools
import math
from fractions import Fraction

MAX32 = 2 ** 32 - 1


def nearest(d, r):
    return d if r == 0 else (d + (1 << (r - 1))) >> r


def saturate(v, b):
    return min(max(v, -2 ** (b - 1)), 2 ** (b - 1) - 1)


def read(stored, bits, shadow_bits):
    if bits == 1:
        return -1 if stored < 0 else 1
    return math.floor(Fraction(stored, 2 ** shadow_bits))


def mix(seed, n, layer, row):
    def ror7(v):
        return v // 128 + v % 128 * 512

    x, y = row % 65536, layer
    key = [seed % 65536, n % 65536, seed // 65536, n // 65536]
    for i in range(8):
        x = ((ror7(x) + y) % 65536) ^ key[i % 4] ^ i
        y = (y * 4 % 65536 + y // 16384) ^ x
    return x * 65536 + y


def probability(error_function, i):
    if error_function == "hard_sigmoid":
        return i
    return math.floor(127 / (1 + math.exp(-(i - 64) / 16)) + 0.5)


def pooled(pool, events):
    """Value by number of the inputs that are not 0, of a list of events."""
    values = {}
    for index in events:
        if pool is None:
            values[index] = values.get(index, 0) + 1
            continue
        c, rest = index % pool.channels, index // pool.channels
        y, x = rest // pool.width // pool.size, rest % pool.width // pool.size
        if pool.partial:
            height, width = (math.ceil(Fraction(side, pool.size)) for side in (pool.height, pool.width))
        else:
            height, width = pool.height // pool.size, pool.width // pool.size
        if y < height and x < width:
            out = (y * width + x) * pool.channels + c
            values[out] = 1 if pool.kind == "or" else values.get(out, 0) + 1
    return values


@functools.cache
def conv_row(conv, j, i):
    """The row by which neuron j weighs input i; None where its kernel does not see it."""
    width = math.floor(Fraction(conv.width + 2 * conv.padding - conv.kernel, conv.stride)) + 1
    f, oy, ox = j % conv.filters, j // conv.filters // width, j // conv.filters % width
    channel, y, x = i % conv.channels, i // conv.channels // conv.width, i // conv.channels % conv.width
    in_group = conv.channels // conv.groups
    c = channel - f // (conv.filters // conv.groups) * in_group
    ky, kx = y - (oy * conv.stride - conv.padding), x - (ox * conv.stride - conv.padding)
    if not (0 <= c < in_group and 0 <= ky < conv.kernel and 0 <= kx < conv.kernel):
        return None
    return (ky * conv.kernel + kx) * in_group + c


class NaiveBlock:
    def __init__(self, network, index):
        self.b = network.spec.blocks[index]
        self.seed = network.spec.seed
        self.first_number = sum(len(b.layers) + 1 for b in network.spec.blocks[:index])
        self.stored = [[[int(v) for v in row] for row in values] for values in network.weights[index]]
        self.readout = [[int(v) for v in row] for row in network.readouts[index]]
        self.number = network.window_numbers[index]
        self.rate = network.rates[index]
        self.count = dict.fromkeys((
            "events", "events_dropped", "spikes", "synaptic_operations", "readout_operations", "multiplies",
            "windows_learned", "windows_skipped", "updates", "weights_read", "weights_written", "underflows",
            "membrane_saturations", "weight_saturations"), 0)
        self.largest = {}       # (name, layer): the largest magnitude met

    def add(self, name, amount=1):
        self.count[name] = min(MAX32, self.count[name] + amount)

    def note(self, name, layer, value):
        self.largest[name, layer] = max(abs(value), self.largest.get((name, layer), 0))

    def weight(self, layer, row, j):
        spec = self.b.layers[layer].weights
        return read(self.stored[layer][row][j], spec.bits, spec.shadow_bits)

    def readout_weight(self, j, c):
        spec = self.b.readout
        return read(self.readout[j][c], spec.weight_bits, spec.shadow_bits)

    def start(self, label, learn):
        self.labels, self.learn, self.t, self.unlabelled, self.ends = label, learn and self.rate != 4, 0, 0, []
        self.u = [[0] * layer.outputs for layer in self.b.layers]
        self.i = [[0] * layer.outputs for layer in self.b.layers]
        self.answer = [0] * self.b.readout.classes
        self.logit = [0] * self.b.readout.classes
        self.levels = []            # of each step so far, one a class
        self.begun = 0              # steps before this window
        self.w = 0
        self.last_spikes = [None] * len(self.b.layers)
        self.clear_window()

    def clear_window(self):
        self.begun = self.t
        depth = range(len(self.b.layers))
        self.values = [[] for _ in depth]      # per layer, per position: the value of each input that is not 0
        self.own = [[] for _ in depth]         # per layer, per position: the own spikes that were read
        self.pooled = []                       # per position: the value of each row of the readout that is not 0
        self.spiked = [[] for _ in depth]      # per layer, per position: one 0/1 a neuron
        self.gate = [[] for _ in depth]
        self.label = None

    def step(self, events, last):
        """One step; ``events`` is a list of indices, which may repeat. Gives the indices that fired."""
        seen, most = [], self.b.layers[0].input_max
        for index in events:
            if seen.count(index) < most:
                seen.append(index)
                self.add("events")
            else:
                self.add("events_dropped")
        p = len(self.spiked[0])
        b = self.b
        if p == 0 and b.readout.accumulate == "window":
            self.logit = [0] * b.readout.classes
        self.currents = []
        if p == 0 and b.readout.answer == "last":
            self.answer = [0] * b.readout.classes
        of_step = self.labels[self.t] if isinstance(self.labels, list) else self.labels
        self.label, self.t = self.label if of_step == -1 else of_step, self.t + 1
        for number in range(len(b.layers)):
            seen = self.layer_step(number, seen)
        added = [0] * b.readout.classes
        self.pooled.append(pooled(b.readout.pool, seen))
        for j, value in self.pooled[-1].items():
            for c in range(b.readout.classes):
                added[c] += value * self.readout_weight(j, c)
                self.add("readout_operations", value)
                self.add("weights_read", value * int(b.readout.learned))
        self.read(p, added)
        if p + 1 == b.window or last:
            self.end_of_window()
        return seen

    def read(self, p, added):
        """Answers and logits of what the step has added to each class."""
        b, readout = self.b, self.b.readout
        if readout.leak_shift is not None:
            before = self.levels[-1] if self.levels else [0] * readout.classes
            added = [old - math.floor(Fraction(old, 2 ** readout.leak_shift)) + new
                     for old, new in zip(before, added, strict=True)]
            self.levels.append(added)
        for c in range(readout.classes):
            if readout.reading == "sum":
                self.answer[c] += added[c]
                self.logit[c] += added[c] if p >= b.window - b.loss_steps else 0
            else:
                levels = [level[c] for level in self.levels]
                self.answer[c] = self.logit[c] = levels[-1] if readout.reading == "last" else max(levels)
            self.note("answer", 0, self.answer[c])
            self.note("level", 0, added[c])

    def current(self, number, j, values):
        """The current of neuron j from inputs of these values, by number."""
        layer, conv = self.b.layers[number], self.b.layers[number].synapses.kind == "conv"
        column = j % layer.synapses.filters if conv else j
        current = 0
        for i, value in values.items():
            row = conv_row(layer.synapses, j, i) if conv else i
            if row is not None:
                current += value * self.weight(number, row, column)
                self.add("synaptic_operations", value)
                self.add("weights_read", value)
        if layer.synapses.recurrent:
            for i, fired in enumerate(self.last_spikes[number] or ()):
                current += fired * self.weight(number, layer.synapses.inputs + i, j)
                self.add("synaptic_operations", fired)
                self.add("weights_read", fired)
        if layer.weights.bias:
            current += self.weight(number, len(self.stored[number]) - 1, column)
            self.add("weights_read")
        if layer.residual is not None:
            below = self.currents[number - layer.residual.below][j]
            current = current * 2 ** layer.residual.own_shift + below * 2 ** layer.residual.shift
        self.note("current", number, current)
        return current

    def threshold(self, number, j):
        layer = self.b.layers[number]
        neuron, width = layer.neuron, len(self.stored[number][0])
        if neuron.threshold_shift is None:
            return neuron.threshold
        row = len(self.stored[number]) - 1 - int(layer.weights.bias)
        wanted = neuron.threshold + self.weight(number, row, j % width) * 2 ** neuron.threshold_shift
        return min(max(wanted, 1), 2 ** (neuron.membrane_bits - 1) - 1)

    def layer_step(self, number, events):
        layer = self.b.layers[number]
        spikes, gates = [], []
        values = pooled(layer.pool, events)
        self.own[number].append(self.last_spikes[number] or [0] * layer.outputs)
        self.currents.append([self.current(number, j, values) for j in range(layer.outputs)])
        for j, current in enumerate(self.currents[number]):
            threshold = self.threshold(number, j)
            if layer.current is not None:
                current = self.linger(number, j, current)
            u = self.u[number][j]
            exact = u - math.floor(u * self.leak(layer)) + current
            v = saturate(exact, layer.neuron.membrane_bits)
            self.add("membrane_saturations", int(v != exact))
            spike = v >= threshold
            self.add("spikes", int(spike))
            distance = abs(v - threshold)
            if layer.surrogate.shape == "boxcar":
                gates.append(1 if distance < layer.surrogate.width else 0)
            else:
                gates.append(max(0, layer.surrogate.height - (distance >> layer.surrogate.width)))
            if spike:
                v = v - (layer.neuron.reset_amount or threshold) if layer.neuron.reset == "subtract" else 0
            self.u[number][j] = v
            spikes.append(int(spike))
        self.last_spikes[number] = spikes
        self.values[number].append(values)
        self.spiked[number].append(spikes)
        self.gate[number].append(gates)
        return {j for j, spike in enumerate(spikes) if spike}

    def linger(self, number, j, added):
        """The current of a neuron of a layer whose currents linger."""
        spec, kept = self.b.layers[number].current, self.i[number][j]
        exact = kept - math.floor(kept * self.share(spec.leak_shifts)) + added
        self.i[number][j] = saturate(exact, spec.bits)
        self.add("membrane_saturations", int(self.i[number][j] != exact))
        return self.i[number][j]

    def leak(self, layer):
        """The share that is lost, as a fraction."""
        neuron = layer.neuron
        if neuron.kind == "lif":
            return Fraction(0) if neuron.leak_shift is None else Fraction(1, 2 ** neuron.leak_shift)
        return self.share(neuron.leak_shifts)

    def share(self, shifts):
        return sum(Fraction(1 if shift > 0 else -1, 2 ** abs(shift)) for shift in shifts)

    def end_of_window(self):
        b, r = self.b, len(self.spiked[0])
        w, self.w = self.w, self.w + 1
        self.ends.append(list(self.logit))
        chosen = w % b.update_interval == b.update_interval - 1
        learns = self.learn and b.directives.learns and chosen and not r <= b.window - b.loss_steps
        if learns and self.label is None:
            self.unlabelled += 1
        elif learns:
            n, self.number = self.number, (self.number + 1) % 2 ** 32
            self.learn_window(n, r)
        self.clear_window()

    def error(self, c):
        readout = self.b.readout
        if readout.logit_shift >= 0:
            s = self.logit[c] >> readout.logit_shift
        else:
            s = self.logit[c] << -readout.logit_shift
        error = probability(readout.error_function, min(max(s + 64, 0), 127)) - (127 if c == self.label else 0)
        return 0 if abs(error) <= readout.dead_zone else error

    def learn_window(self, n, r):
        b, readout = self.b, self.b.readout
        reads = [self.reads(c, r) for c in range(readout.classes)]
        errors = [self.error(c) if reads[c] else 0 for c in range(readout.classes)]
        if not any(errors):
            self.add("windows_skipped")
            return
        self.add("windows_learned")
        injects, credits, of_currents = {}, {}, {}
        for number in reversed(range(len(b.layers))):
            if number == len(b.layers) - 1:
                feedback = self.last_feedback(r, reads, errors)
            else:
                feedback = self.feedback(number, r, of_currents)
            injects[number], credits[number], lasting = self.credit(number, r, feedback)
            of_currents[number] = self.of_currents(number, r, lasting, of_currents)
        for number, layer in enumerate(b.layers):
            for (row, column), (pairs, delta) in self.deltas(number, r, injects[number], credits[number],
                                                                  of_currents).items():
                if pairs:
                    self.write(self.stored[number], layer.weights.stored_bits, layer.update,
                               self.first_number + number, n, row, column, delta)
        if readout.learned:
            for j in range(len(self.readout)):
                for c in range(readout.classes):
                    times = self.times(j, reads[c])
                    if times and errors[c]:
                        self.write(self.readout, readout.stored_bits, readout, self.first_number + len(b.layers), n, j,
                                   c, errors[c] * times, 0 if readout.leak_shift is None else 6)

    def reads(self, c, r):
        """The positions whose step, or level, the logit of class c reads in a window of r steps."""
        b = self.b
        if b.readout.reading == "sum":
            return [p for p in range(r) if p >= b.window - b.loss_steps]
        if b.readout.reading == "last":
            return [r - 1]
        levels = [level[c] for level in self.levels]
        return [p for p in [len(levels) - 1 - levels[::-1].index(max(levels)) - self.begun] if p >= 0]

    def times(self, j, reads):
        """How much row j counts for classes whose logits read these positions."""
        leak_shift = self.b.readout.leak_shift
        if leak_shift is None:
            return sum(self.pooled[p].get(j, 0) for p in reads)
        total = factor = 0
        for p in range(max(reads, default=-1), -1, -1):
            factor = factor - nearest(factor, leak_shift) + (64 if p in reads else 0)
            total += factor * self.pooled[p].get(j, 0)
        return total

    def last_feedback(self, r, reads, errors):
        b, readout, of_rows = self.b, self.b.readout, []
        for j in range(len(self.readout)):
            self.add("multiplies", int(readout.learned) * readout.classes)
            self.add("weights_read", int(readout.learned) * readout.classes)
            of_rows.append([])
            for p in range(r):
                total = sum(self.readout_weight(j, c) * error for c, error in enumerate(errors) if p in reads[c])
                if readout.feedback_shift is not None:
                    total = saturate(nearest(total, readout.feedback_shift), 16)
                of_rows[-1].append(total)
        if readout.leak_shift is not None:
            for row in of_rows:
                for p in range(r - 2, -1, -1):
                    lost = math.trunc(Fraction(row[p + 1], 2 ** readout.leak_shift))
                    row[p] += row[p + 1] - lost
        for row in of_rows:
            for value in row:
                self.note("feedback", len(b.layers) - 1, value)
        found = []
        for j in range(readout.inputs):
            rows = list(pooled(readout.pool, {j}))
            found.append(of_rows[rows[0]] if rows else [0] * r)
        return found

    def row_of(self, number, k, x):
        """The row by which neuron k weighs the input x behind the pool; None where x does not reach it."""
        synapses = self.b.layers[number].synapses
        return conv_row(synapses, k, x) if synapses.kind == "conv" else x

    def column_of(self, number, k):
        return k % len(self.stored[number][0])

    def own_credit(self, number, k, p, of_currents):
        """The credit of a neuron's own current, without what comes from another layer."""
        residual = self.b.layers[number].residual
        return of_currents[number][k][p] * (1 if residual is None else 2 ** residual.own_shift)

    def feedback(self, number, r, of_currents):
        """Feedback of a layer that has one above it."""
        above = self.b.layers[number + 1]
        found = [[0] * r for _ in range(above.inputs)]
        for i in range(above.inputs):
            square = list(pooled(above.pool, {i}))
            for p in range(r):
                if not square:
                    continue
                total = 0
                for k in range(above.outputs):
                    row, credit = self.row_of(number + 1, k, square[0]), self.own_credit(number + 1, k, p, of_currents)
                    if row is None:
                        continue
                    total += self.weight(number + 1, row, self.column_of(number + 1, k)) * credit
                    if credit != 0 and self.gate[number][p][i] != 0:
                        self.add("multiplies")
                        self.add("weights_read")
                self.note("feedback_sum", number + 1, total)
                found[i][p] = saturate(nearest(total, above.update.feedback_shift), 16)
                self.note("feedback", number, found[i][p])
        return found

    def own_feedback(self, number, j, p, credits):
        """What a recurrent layer's neuron is told for its spike by those that read it a step later."""
        layer, total = self.b.layers[number], 0
        for k in range(layer.outputs):
            total += self.weight(number, layer.synapses.inputs + j, k) * credits[k][p + 1]
            if credits[k][p + 1] != 0 and self.gate[number][p][j] != 0:
                self.add("multiplies")
                self.add("weights_read")
        found = saturate(nearest(total, layer.update.feedback_shift), 16)
        self.note("own_feedback", number, found)
        return found

    def credit(self, number, r, feedback):
        layer, neurons = self.b.layers[number], range(self.b.layers[number].outputs)
        injects, credits, lasting = ([[0] * r for _ in neurons] for _ in range(3))
        carry, rest = [0] * layer.outputs, [0] * layer.outputs
        for p in reversed(range(r)):
            for j in neurons:
                told = feedback[j][p]
                if layer.synapses.recurrent and p < r - 1:
                    told += self.own_feedback(number, j, p, lasting)
                injects[j][p] = self.gate[number][p][j] * told
                fired = layer.neuron.reset == "zero" and self.spiked[number][p][j]
                credits[j][p] = injects[j][p] + (0 if fired else carry[j])
                self.note("inject", number, injects[j][p])
                self.note("credit", number, credits[j][p])
            for j in neurons:
                carry[j] = credits[j][p] - math.trunc(credits[j][p] * self.leak(layer))
                lasting[j][p] = credits[j][p] + rest[j]
                self.note("lasting", number, lasting[j][p])
                if layer.current is not None:
                    rest[j] = lasting[j][p] - math.trunc(lasting[j][p] * self.share(layer.current.leak_shifts))
        return injects, credits, lasting

    def of_currents(self, number, r, lasting, above):
        """Credits of a layer's currents: its own, and those of later layers that add its currents to their own."""
        found = [list(values) for values in lasting]
        for other in range(number + 1, len(self.b.layers)):
            residual = self.b.layers[other].residual
            if residual is not None and other - residual.below == number:
                for j, values in enumerate(found):
                    for p in range(r):
                        values[p] += above[other][j][p] * 2 ** residual.shift
        return found

    def deltas(self, number, r, injects, credits, of_currents):
        """By row and column: whether a delta is formed, and the delta."""
        layer, found = self.b.layers[number], {}

        def add(row, k, coefficients):
            told = [self.own_credit(number, k, p, of_currents) for p in range(r)]
            formed, delta = found.get((row, self.column_of(number, k)), (False, 0))
            delta += sum(value * credit for value, credit in zip(coefficients, told, strict=True))
            found[row, self.column_of(number, k)] = formed or (any(coefficients) and any(told)), delta

        for k in range(layer.outputs):
            for x in range(layer.synapses.inputs):
                row = self.row_of(number, k, x)
                if row is not None:
                    add(row, k, [self.values[number][p].get(x, 0) for p in range(r)])
            if layer.synapses.recurrent:
                for j in range(layer.outputs):
                    add(layer.synapses.inputs + j, k, [self.own[number][p][j] for p in range(r)])
            if layer.weights.bias:
                add(len(self.stored[number]) - 1, k, [1] * r)
            if layer.neuron.threshold_shift is not None:
                at = len(self.stored[number]) - 1 - int(layer.weights.bias), self.column_of(number, k)
                formed, delta = found.get(at, (False, 0))
                delta -= sum(injects[k]) * 2 ** layer.neuron.threshold_shift
                found[at] = formed or any(credits[k]), delta
        return found

    def write(self, memory, bits, spec, number, n, row, column, delta, more=0):
        self.note("delta", number - self.first_number, delta)
        r = spec.rate_shift + self.rate + more
        if spec.rounding == "nearest":
            change = nearest(delta, r)
        else:
            word = mix(self.seed, n, number, row)
            change = (delta + word % 2 ** r) >> r
        old = memory[row][column]
        new = saturate(old - change, bits)
        memory[row][column] = new
        self.add("updates")
        self.add("weights_read")
        self.add("weights_written", int(new != old))
        self.add("underflows", int(delta != 0 and change == 0))
        self.add("weight_saturations", int(new != old - change))


class Naive:
    """A network. ``run`` takes, for each step, a list of event indices."""

    def __init__(self, network):
        self.blocks = [NaiveBlock(network, index) for index in range(len(network.spec.blocks))]

    def set_rates(self, rates):
        for block, rate in zip(self.blocks, rates, strict=True):
            block.rate = rate

    def run(self, steps, label, learn):
        """Give the prediction, and for each block and layer the spikes and membranes of each step."""
        spikes = [[[] for _ in block.b.layers] for block in self.blocks]
        membranes = [[[] for _ in block.b.layers] for block in self.blocks]
        for block in self.blocks:
            block.start(label, learn)
        for t, events in enumerate(steps):
            for index, block in enumerate(self.blocks):
                events = list(block.step(events, t == len(steps) - 1))
                for layer in range(len(block.b.layers)):
                    membranes[index][layer].append(list(block.u[layer]))
                    spikes[index][layer].append(list(block.last_spikes[layer]))
        answer = self.blocks[-1].answer
        return answer.index(max(answer)), spikes, membranes

    def abort(self, steps, label, learn, partial):
        for block in self.blocks:
            block.start(label, learn)
        for events in steps:
            for block in self.blocks:
                events = list(block.step(events, False))
        for position, index in enumerate(partial):
            dropped = partial[:position].count(index) >= self.blocks[0].b.layers[0].input_max
            self.blocks[0].add("events_dropped" if dropped else "events")
