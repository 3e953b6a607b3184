"""Recorded layers are found among the source's by their sizes, at once, however many of them are alike."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.importers.matching import SourceLayer, _earliest, matched


def test_the_only_way_is_the_earliest_and_the_latest():
    generator = np.random.default_rng(0)
    for _ in range(300):
        many = generator.integers(1, 4, generator.integers(1, 8)).tolist()
        few = generator.integers(1, 4, generator.integers(1, len(many) + 1)).tolist()
        ways = [list(way) for way in combinations(range(len(many)), len(few)) if [many[at] for at in way] == few]
        assert _earliest(few, many) == (min(ways) if ways else None)


def test_many_layers_of_one_size_are_refused_at_once():
    sources = [SourceLayer(node=str(number), shape=(64,), layer=number) for number in range(60)]
    recorded = SimpleNamespace(path="r.npz", fields={}, sizes=lambda: dict(enumerate([64] * 30 + [10])),
                               name=lambda number: None)
    with pytest.raises(SnnfpgaError, match="and fit in no way; record those of this network"):
        matched(recorded, sources)
