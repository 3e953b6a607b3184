import json
from pathlib import Path

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

import rtl_gen
from rtl_gen.contract.arithmetic import signed_bits
from rtl_gen.ports import RATE_SHAPE, RandomKey
from rtl_gen.rounding import RandomDraw, StoredUpdate, row_addend
from sim.runner import simulate

from .cases import verilator_slow

VECTORS = Path(rtl_gen.__file__).parents[1] / "docs" / "vectors" / "mix.json"
# stored_bits, delta_max, rate_shift, whether rounding is stochastic
WEIGHTS = ((8, 4000, 0, 0), (16, 3_000_000, 6, 0), (8, 90_000, 5, 1), (12, 1 << 28, 16, 1), (2, 40, 3, 0),
           (9, 200, 16, 1), (32, (1 << 38) - 1, 7, 0), (8, 100_000, 31, 0), (16, 1 << 24, 1, 0))


class Words(wiring.Component):
    """The random words of several layers for one row."""

    def __init__(self, layers, random_word=RandomDraw):
        self.layers, self.random_word = layers, random_word
        super().__init__({"key": In(RandomKey()), "row": In(16),
                          **{f"word{layer}": Out(32) for layer in layers}})

    def elaborate(self, platform):
        m = Module()
        for layer in self.layers:
            m.submodules[f"layer{layer}"] = random = self.random_word(layer)
            wiring.connect(m, wiring.flipped(self.key), random.key)
            m.d.comb += [random.row.eq(self.row), getattr(self, f"word{layer}").eq(random.word)]
        return m


class Weights(wiring.Component):
    """Several updates side by side, each with ports of its own but for the word and the rate."""

    def __init__(self, parameters, stored_update=StoredUpdate, addend=row_addend):
        self.parameters, self.addend = parameters, addend
        self.updates = [stored_update(stored_bits=bits, delta_max=largest, rate_shift=shift)
                        for bits, largest, shift, _ in parameters]
        ports = {"word": In(32), "rate": In(RATE_SHAPE), "load": In(1)}
        for n, (bits, largest, _, _) in enumerate(parameters):
            ports |= {f"stored{n}": In(bits), f"delta{n}": In(signed_bits(largest)), f"loaded{n}": In(bits),
                      f"updated{n}": Out(bits), f"changed{n}": Out(1), f"underflowed{n}": Out(1),
                      f"saturated{n}": Out(1)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        for n, (update, (*_, shift, stochastic)) in enumerate(zip(self.updates, self.parameters, strict=True)):
            m.submodules[f"update{n}"] = update
            addend = self.addend(word=self.word, rate=self.rate, rate_shift=shift,
                                 rounding="stochastic" if stochastic else "nearest")
            m.d.comb += [update.addend.eq(addend), update.rate.eq(self.rate), update.load.eq(self.load)]
            for name in ("stored", "delta", "loaded"):
                m.d.comb += getattr(update, name).eq(getattr(self, f"{name}{n}"))
            for name in ("updated", "changed", "underflowed", "saturated"):
                m.d.comb += getattr(self, f"{name}{n}").eq(getattr(update, name))
        return m


def word_vectors():
    """The words of the page, (n, 5), and the layers they are of."""
    vectors = np.array([[*(entry[name] for name in ("seed", "window_number", "layer", "row")),
                         entry["high"] << 16 | entry["word"]] for entry in json.loads(VECTORS.read_text())])
    return {"vectors": vectors, "layers": np.unique(vectors[:, 2])}


@verilator_slow
def test_random_words(simulator, tmp_path):
    vectors = word_vectors()
    simulate(Words(vectors["layers"].tolist()), bench="sim.benches.random_word", build_dir=tmp_path,
             simulator=simulator, arrays=vectors)


@verilator_slow
def test_stored_updates(simulator, tmp_path):
    simulate(Weights(WEIGHTS), bench="sim.benches.stored_update", build_dir=tmp_path, simulator=simulator,
             arrays={"parameters": np.array(WEIGHTS)})
