"""What the program on the board takes and what it refuses, each in one line, before the core is reached."""

import argparse
from pathlib import Path

import numpy as np
import pytest

from board.host import archive, options, program
from board.host.port import LinkTimeoutError
from tests.board.fake_link import FakeCore, FakeLink
from tests.board.program_runs import here, refused, run, write
from tests.networks import block, network

__all__ = ["here"]        # a fixture


@pytest.mark.parametrize(("arguments", "line"), [
    (("--learn", "-1"), "--learn must be at least 0, not -1"),
    (("--learn", "1", "--seed", "-1"), "--seed must be at least 0, not -1"),
    (("--learn", "1", "--save-every", "0"), "--save-every must be at least 1, not 0"),
    (("--learn", "1", "--guard", "0.1", "--guard-every", "0"), "--guard-every must be at least 1, not 0"),
    (("--learn", "1", "--keep", "1"), "--keep must be at least 2, not 1"),
    (("--learn", "1", "--held-out", "nan"), "--held-out must be between 0 and 1, not nan"),
    (("--learn", "1", "--held-out", "0.3"),
     "--held-out applies to samples without split, and these have one; leave it out"),
    (("--clock-mhz", "0"), "--clock-mhz must be more than 0, not 0"),
    (("--watchdog-ms", "-1"), "--watchdog-ms must be in 0..85899 at 50 MHz, not -1"),
    (("--watchdog-ms", "60000", "--clock-mhz", "100"), "--watchdog-ms must be in 0..42949 at 100 MHz, not 60000"),
    (("--guard", "0.1"),
     "--guard applies to learning with --learn, which is not asked for; give it, or leave --guard out"),
    (("--learn", "1", "--guard-every", "9"),
     "--guard-every applies to learning with --guard, which is not asked for; give it, or leave --guard-every out"),
    (("--learn", "1", "--guard", "1.5"), "Share held out for the guard must be between 0 and 1, not 1.5"),
    (("--rates", "1,4"), "Rates must be 0..3 or off, not '4'"),
    (("--rates", "1,1,1"), "Rates must be one for all blocks or one for each of 2, not 3"),
    (("--network", "driver", "--resume"),
     "--network cannot stand beside --resume or --rollback, which take what was saved; leave one of them out"),
    (("--rollback",), "No generation in driver/saved to go back to; begin with the build's network, without "
                      "--rollback"),
    (("--link", "none.sock"), "No core answers at none.sock (No such file or directory); leave --link out on a board"),
])
def test_what_cannot_be_done_is_said_in_a_line(here, capsys, arguments, line):
    refused(capsys, arguments, line, 1 if arguments[0] in ("--rollback", "--link") else 2)


def test_what_does_not_fit_the_build_is_said_before_the_core_is_reached(here, capsys):
    for name, made in (("other", network(block(12, 9))), ("silent", network(name="small"))):
        Path(name).mkdir()
        archive.write(name, made)
    refused(capsys, ("--network", "other"), "Network other has another specification than this build; give one that it "
                                            "learned")
    write(split=np.array(["train"] * 30))
    refused(capsys, ("--learn", "1"), "Of 30 samples 30 would be learned from; both those and the rest must be some")


@pytest.mark.parametrize(("text", "rates"), [
    (None, None), ("2", (2, 2)), ("off", (4, 4)), ("0, off", (0, 4)), ("3,1", (3, 1))])
def test_rates_are_set_after_the_network_is_loaded(here, monkeypatch, text, rates):
    assert options.rates_of(text, 2) == rates
    calls = []
    monkeypatch.setattr(program.Host, "set_rates", lambda host, given: calls.append(given), raising=False)
    assert run(*(() if text is None else ("--rates", text)))[0] == 0
    assert calls == ([] if rates is None else [rates])


def test_a_core_that_stops_answering_is_a_line(here, capsys):
    class Deaf(FakeLink):
        def receive(self, timeout_s):
            raise LinkTimeoutError("No packet came")

    assert run("--learn", "1", link=Deaf(FakeCore(network())))[0] == 1
    assert capsys.readouterr().err.startswith("example.py: No result came within 10.0 s: status ")


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_learned(here, capsys):
    Path("driver/learned").write_text("a file")
    assert run("--learn", "1") == (1, [])
    assert capsys.readouterr().err == "example.py: Cannot read or write driver/learned: File exists\n"


def test_the_help_shows_how(capsys):
    made = options.parser("The program.", 50.0)
    assert isinstance(made, argparse.ArgumentParser)
    text = made.format_help()
    for name in ("--order", "--seed", "--guard", "--rates", "--save-every", "--resume", "--rollback", "--link"):
        assert name in text


@pytest.mark.parametrize(("contents", "given", "expected"), [
    ('{"expected": 0.25}', [], 0.25), ('{"expected": 0.25}', ["--expected", "0.5"], 0.5), (None, [], 0.0)])
def test_the_share_of_wrong_answers_that_is_usual_comes_from_the_build(here, contents, given, expected):
    if contents is not None:
        Path("driver/expected.json").write_text(contents)
    made = options.parser("", 50.0).parse_args(["top.bit", "samples.npz", "--passes", "1", *given])
    assert program.prepare(made, Path("driver")).course.expected == expected


@pytest.mark.parametrize("contents", ["[]", "{}", '{"expected": "much"}', '{"expected": 2}', "{"])
def test_a_damaged_share_is_refused(here, capsys, contents):
    Path("driver/expected.json").write_text(contents)
    assert run("--learn", "1")[0] == 1
    assert "expected.json holds no share of wrong answers; copy it" in capsys.readouterr().err


def test_rates_that_a_schedule_would_change_are_refused(here, capsys):
    assert run("--learn", "1", "--rates", "3", "--schedule", "falling")[0] == 2
    assert "--schedule falling sets the rates itself" in capsys.readouterr().err
    assert run("--learn", "1", "--rates", "off", "--schedule", "falling")[0] == 0


@pytest.mark.parametrize("share", ["2", "-0.1", "nan"])
def test_a_share_that_is_none_is_refused_before_the_core_is_reached(here, capsys, share):
    code, made = run("--learn", "1", f"--expected={share}")
    assert (code, made) == (2, [])
    assert f"--expected must be in 0..1, not {share}" in capsys.readouterr().err
