import json

import pytest
import torch

from board.part import Logic
from board.xilinx.parts import SevenSeries
from rtl_gen.activity import Activity
from rtl_gen.contract.limits import check_hardware, hardware_refusals
from rtl_gen.contract.network_file import read_notes
from snnfpga.config.models import Config
from snnfpga.data.dataset import Split
from snnfpga.diagnosis.hardware import hardware_of, outlooks
from snnfpga.network.initial import initialise
from tests.networks import block, network
from tests.verbs import call, small_run

BUSY = Activity(steps=8, windows=3, events=4, silent=0.25, rows=6)


def asked(sensor, directed=(), **network):
    """Hardware's view of a network over ``sensor`` as it is initialised; ``directed`` its blocks' own directives."""
    config = Config.model_validate({"network": network, "hardware": {"max_steps": 8, "blocks": directed}})
    generator = torch.Generator().manual_seed(1)
    inputs = sensor[0] * sensor[1] * sensor[2]
    events = (torch.rand(8, 6, inputs, generator=generator) < 0.3).float()
    split = Split(events.transpose(0, 1).to(torch.uint8).numpy(), torch.arange(6).numpy() % 3)
    return hardware_of(initialise(config, events, 3, sensor), split, 0)


def logic_of(monkeypatch, luts):
    monkeypatch.setattr(SevenSeries, "logic", lambda _, spec: Logic(
        amount="lut", much=luts(spec), error=0.1, origin="a fit"))


def test_all_reasons_are_named_and_what_to_change():
    found = asked((4, 4, 2), ({"classes_per_cycle": 2},) * 2, architecture="4C3-P2-4C3G2-4C3G4+1-4C3G2-8R-8",
                  block_depth=3, readout_leak_shift=2, reading="maximum")
    assert found.lines == [
        "Hardware: no board takes this network yet: a convolution with groups (block 0 layer 1, block 0 layer 2, block "
        "1 layer 0), several classes per cycle of a readout that is read by maximum (readout of block 0, readout of "
        "block 1); it trains, evaluate takes it on torch and the reference, learn takes it on the reference",
        "  To become hardware it must have: groups of 1; classes_per_cycle 1"]
    assert found.outlooks == ()
    assert {"what": "several classes per cycle of a readout that is read by maximum", "places": ["readout of block 1"],
            "change": "classes_per_cycle 1"} in json.loads(json.dumps(found.to_dict()))["refusals"]


def test_what_no_engine_has_learns_on_the_reference():
    found = asked((4, 4, 2), architecture="4C3G2-8")
    assert found.lines[0] == (
        "Hardware: no board takes this network yet: a convolution with groups (block 0 layer 0); it trains, evaluate "
        "takes it on torch and the reference, learn takes it on the reference")


def test_what_has_no_refusal_has_hardware():
    """What a check refuses is the first of what is listed."""
    spec = network(block(6, 4), block(4, 4)).spec
    assert hardware_refusals(spec) == ()
    check_hardware(spec)
    assert asked((1, 1, 6), blocks=[[8], [8]]).refusals == ()


def test_a_network_that_fits_is_one_line(monkeypatch):
    logic_of(monkeypatch, lambda spec: 9_876)
    spec = network(block(12, 10, lanes=16)).spec
    run = Activity(steps=8, windows=3, events=100, silent=0, rows=0)
    (line,) = outlooks(spec, (run,)).lines
    assert line == ("Hardware: fits pynq-z2 at 16 lanes, about 9,900 of 53,200 LUTs, 8.66 us a sample at 100 MHz, "
                    "18.4 us where it learns")
    (line,) = outlooks(spec, None).lines
    assert line == "Hardware: fits pynq-z2 at 16 lanes, about 9,900 of 53,200 LUTs"


@pytest.mark.parametrize(("luts", "line"), [
    (lambda spec: 7_500 * sum(one.directives.lanes for one in spec.blocks),
     "Hardware: does not fit pynq-z2 at 8 and 4 lanes, about 90,000 of 53,200 LUTs; it fits at 4 and 2 lanes: "
     "snnfpga build --lanes 4,2"),
    (lambda spec: 4_200 * sum(one.directives.lanes for one in spec.blocks),
     "Hardware: may fit pynq-z2 at 8 and 4 lanes, about 50,400 of 53,200 LUTs, 1.3 us a sample at 100 MHz, 3.72 us "
     "where it learns; it fits at 5 and 3 lanes: snnfpga build --lanes 5,3"),
    (lambda spec: 90_000,
     "Hardware: does not fit pynq-z2 at 8 and 4 lanes, about 90,000 of 53,200 LUTs; with fewer lanes it does not fit "
     "either: take fewer inputs or neurons"),
    (lambda spec: 700 * sum(one.layers[0].weights.stored_bits * one.outputs for one in spec.blocks),
     "Hardware: does not fit pynq-z2 at 8 and 4 lanes, about 151,200 of 53,200 LUTs; with fewer lanes it does not fit "
     "either: take network.weight_bits 3 and on_chip.shadow_bits 0 (37800), or 1/4 of the neurons and filters of each "
     "layer (33600), in LUTs")])
def test_what_may_not_fit_says_what_would(monkeypatch, luts, line):
    logic_of(monkeypatch, luts)
    assert outlooks(network(block(12, 10, lanes=8), block(10, 8, lanes=4)).spec, (BUSY, BUSY)).lines == [line]


def test_train_says_it_first_and_keeps_what_the_data_asks(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    small_run()
    quick = ("train", "--set", "data.name=small.npz", "--set", "name=one", "--set", "training.epochs=1", "--set",
             "network.blocks=[[8]]", "--set", "hardware.blocks=[]", "--set", "learning.window=2")
    code, out, err = call(capfd, *quick, "--json", whole=True)
    assert code == 0
    assert any(line.startswith("Hardware: fits pynq-z2 at 8 lanes, about ")
               for line in err.splitlines())
    assert json.loads(out)["hardware"]["boards"][0]["verdict"] == "fits"
    assert "activity" in read_notes("runs/one/network.safetensors")
    code, out, err = call(capfd, "diagnose", "runs/one", "--json", whole=True)
    assert code == 0
    assert any(line.startswith("Hardware: fits pynq-z2 at 8 lanes, about ")
               for line in err.splitlines())
    shown = json.loads(out)["hardware"]["boards"][0]
    code, out, _ = call(capfd, "build", "runs/one", "--plan", "--json")
    assert code == 0
    planned = json.loads(out)["outlook"]
    assert planned["needs"] == shown["needs"]
    assert planned["microseconds"]["run"] == pytest.approx(shown["microseconds"]["run"], rel=0.01)
    code, out, err = call(capfd, *quick[:-4], "--set", "network.blocks=[[8, 8]]", "--set", "name=deep", "--set",
                          "hardware.reads=2", "--json", whole=True)
    assert code == 0
    assert any(line.startswith("Hardware: no board takes this network yet: two reads of a folded block (block 0); it "
                               "trains") for line in err.splitlines())
    assert json.loads(out)["hardware"]["refusals"][0]["places"] == ["block 0"]
    assert "activity" not in read_notes("runs/deep/network.safetensors")


def test_an_old_network_says_its_range(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    small_run()
    code, out, _ = call(capfd, "build", "--plan", "--clock-mhz", "50")
    assert code == 0
    assert "the network file does not say what events its data has" in out
    assert "at 50 MHz" in out
