"""What the exchange says beside what :mod:`tests.board.test_host` hears through the host."""

import asyncio

import numpy as np
import pytest

from board.host.exchange import Exchange, step_beats
from board.host.link import LinkPort
from board.host.mailbox import Mailbox
from board.host.port import finish
from rtl_gen.contract import protocol
from rtl_gen.contract.memory_map import weights_to_words
from rtl_gen.contract.protocol import Memory
from tests.board.fake_link import FakeCore, FakeLink, FakeMmio
from tests.networks import network


def test_beats_of_a_sample():
    steps = step_beats([[3, 1, 3], [], np.array([2])], label=5, learn=True)
    assert [step.tolist() for step in steps] == [
        [protocol.start_beat(5, True), *(protocol.event_beat(index) for index in (3, 1, 3)),
         protocol.end_of_step_beat()],
        [protocol.end_of_step_beat()], [protocol.event_beat(2), protocol.end_of_step_beat()]]
    assert {step.dtype for step in steps} == {np.dtype(np.uint32)}


def test_packets_that_nothing_asked_for_are_counted():
    start = network()
    exchange = Exchange(LinkPort(FakeLink(FakeCore(start))), start.spec, timeout_s=None)
    finish(exchange.write("request", protocol.memory_id(0, 0, Memory.WEIGHTS)))
    finish(exchange.run(step_beats([[0], [1]], label=0, learn=False)))
    assert exchange.unclaimed == 1
    found = finish(exchange.receive_memory(0, 0, Memory.WEIGHTS))
    np.testing.assert_array_equal(found, weights_to_words(start.spec, 0, 0, start.weights[0][0]))
    assert exchange.unclaimed == 0


class Slow:
    """Registers that are reached only after a while."""

    def __init__(self, mmio):
        self.mmio = mmio

    async def read(self, address):
        await asyncio.sleep(0)
        return self.mmio.read(address)

    async def write_all(self, writes):
        for address, word in writes:
            await asyncio.sleep(0)
            self.mmio.write(address, word)


def test_the_mailbox_waits_for_its_registers():
    start = network()
    mailbox = Mailbox(Slow(FakeMmio(FakeCore(start), depth=2)))

    async def talk():
        await mailbox.send(np.concatenate(step_beats([[0, 4], [1]], label=0, learn=False)))
        return await mailbox.receive()

    assert len(asyncio.run(talk())) == 1 + start.spec.classes


def test_what_is_suspended_is_not_finished():
    with pytest.raises(AssertionError, match=r"^a coroutine over a blocking port was suspended$"):
        finish(asyncio.sleep(0))
