"""Importers that are wrong in one place: a test of spikes fails for each."""

import importlib
import inspect
import types

import pytest

from rtl_gen.contract.errors import SnnfpgaError

from . import test_conventions, test_doubts, test_fitting, test_mapping

SPIKES = test_conventions.test_spikes_are_those_of_the_framework
CASES = next(mark for mark in SPIKES.pytestmark if mark.name == "parametrize").args[1]


def spikes(source):
    """Whatever a framework computes, beside what is imported."""
    def check(tmp_path):
        for case in CASES:
            if case[0] == source:
                SPIKES(tmp_path, *case)
    return check


def convolution(tmp_path):
    test_mapping.test_a_convolution_a_pool_and_what_is_flattened(tmp_path, "AvgPool2d", None)


def bias(tmp_path):
    test_mapping.test_a_bias_of_the_readout_is_a_neuron_that_always_fires(tmp_path, "subtract-late", None)


def thresholds(tmp_path):
    test_mapping.test_neurons_that_differ_are_divided_by_their_thresholds(tmp_path)


def recurrence(tmp_path):
    test_mapping.test_recurrence_flat_or_nested(tmp_path, False)


def foreseen(kind):
    return lambda tmp_path: test_fitting.test_integers_are_foreseen_as_the_network_has_them(tmp_path, kind)


# What is wrong: the module, a text that stands once in it, what takes its place, and the check that fails.
MUTANTS = {
    "snntorch resets at once": ("conventions.snntorch", '"subtract-late", reached', '"subtract", reached',
                                spikes("snntorch")),
    "snntorch fires at the threshold": ("conventions.snntorch", "reached=False", "reached=True", spikes("snntorch")),
    "snntorch has another step": ("conventions.snntorch", "dt=said.dt or DT", "dt=said.dt or DT / 2",
                                  spikes("snntorch")),
    "norse subtracts": ("conventions.norse", 'reset="zero"', 'reset="subtract"', spikes("norse")),
    "norse fires at the threshold": ("conventions.norse", "reached=False", "reached=True", spikes("norse")),
    "norse means its time constants": ("conventions.norse", "scale=1.0 / dt", "scale=1.0", spikes("norse")),
    "norse weighs currents by w_in": ("conventions.norse", "own_gain=True", "own_gain=False", spikes("norse")),
    "spikingjelly subtracts": ("conventions.spikingjelly", 'reset="zero"', 'reset="subtract"',
                               spikes("spikingjelly")),
    "spikingjelly fires above alone": ("conventions.spikingjelly", "reached=True", "reached=False",
                                       spikes("spikingjelly")),
    "sinabs resets to zero": ("conventions.sinabs", 'reset="subtract"', 'reset="zero"', spikes("sinabs")),
    "sinabs fires above alone": ("conventions.sinabs", "reached=True", "reached=False", spikes("sinabs")),
    "sinabs leaks by Euler": ("conventions.sinabs", "np.exp(-1.0 / tau)", "1.0 - 1.0 / tau", spikes("sinabs")),
    "sinabs does not normalise": ("conventions.sinabs", "gain = share = 1.0 - keep", "gain, share = keep / keep, keep",
                                  spikes("sinabs")),
    "a gain without the leak's share": ("conventions.base", 'node.array("r", 1.0) * share', 'node.array("r", 1.0)',
                                        spikes("spikingjelly")),
    "a threshold from zero, not from the reset": ("conventions.base", "threshold - back, rest", "threshold, rest",
                                                  spikes("spikingjelly")),
    "a gain that is not folded": ("neurons", "thresholds = spread(place, own.threshold, shape) / gain",
                                  "thresholds = spread(place, own.threshold, shape)", spikes("spikingjelly")),
    "a late reset that takes the threshold": ("neurons", 'late = neurons.keep if', "late = 1.0 if", spikes("snntorch")),
    "above is at": ("neurons", "math.floor(wanted) + 1", "math.floor(wanted)", spikes("snntorch")),
    "one threshold for all": ("neurons", "middle / thresholds", "np.ones(columns)", thresholds),
    "a mean that is a sum": ("making", "weight / pool.size ** 2", "weight", convolution),
    "channels that come last": ("making", "channels_first=isinstance(waiting, LinearStage) and len(made.seen) == 3",
                                "channels_first=False", convolution),
    "an own spike in the other direction": ("making", "recurrent = stage.recurrent.weight",
                                            "recurrent = stage.recurrent.weight.T", recurrence),
    "a neuron that fires every other step": ("ending", "2.0 - own.keep if", "0.5 if", bias),
    "a kernel that is turned": ("nodes", "return ConvStage(node.name, weight,",
                                "return ConvStage(node.name, weight.swapaxes(2, 3),", convolution),
    "a leak that is not rounded down": ("fitting", "v - torch.floor(v * (1.0 - integers.keep))", "v * integers.keep",
                                        foreseen("recurrent")),
    "a current without its leak": ("fitting", "x = i = i - torch.floor(i * (1.0 - integers.current_keep)) + x",
                                   "x = i = i + x", foreseen("synapse")),
}


def changed(module, old, new):
    """Put the functions of ``module``, with ``old`` in its text replaced, in the place of its own; gives these back."""
    text = inspect.getsource(module)
    assert text.count(old) == 1, f"{module.__name__} must hold once {old!r}"
    other = {"__name__": module.__name__, "__package__": module.__package__}
    exec(compile(text.replace(old, new), module.__file__, "exec"), other)
    own = {}
    for name, thing in list(vars(module).items()):
        for function, twin in _functions(thing, other.get(name), module.__name__):
            own[function] = function.__code__
            function.__code__ = twin.__code__
    return own


def _functions(thing, twin, module):
    if isinstance(thing, types.FunctionType) and thing.__module__ == module and isinstance(twin, types.FunctionType):
        yield inspect.unwrap(thing), inspect.unwrap(twin)
    elif inspect.isclass(thing) and thing.__module__ == module:
        for name, method in vars(thing).items():
            if isinstance(method, types.FunctionType) and name in vars(twin):
                yield method, vars(twin)[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(tmp_path, name):
    module, old, new, check = MUTANTS[name]
    check(tmp_path)
    own = changed(importlib.import_module(f"snnfpga.importers.{module}"), old, new)
    try:
        with pytest.raises((AssertionError, SnnfpgaError)):
            check(tmp_path)
    finally:
        for function, code in own.items():
            function.__code__ = code
    check(tmp_path)


def test_mutants_are_up_to_date():
    for module, old, _, _ in MUTANTS.values():
        text = inspect.getsource(importlib.import_module(f"snnfpga.importers.{module}"))
        assert text.count(old) == 1, f"{module} must hold once {old!r}"
    written = {module.removeprefix("conventions.") for module, *_ in MUTANTS.values()}
    assert written >= set(test_doubts.WRITTEN)
