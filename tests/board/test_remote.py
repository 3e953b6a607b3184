"""An address window behind a socket is the window."""

import socket
import threading

import numpy as np
import pytest

from board.host.host import Host
from board.host.link import MmioLink
from board.host.remote import RemoteError, RemoteMmio, serve
from sim.reference.network import Reference
from tests.board.fake_link import FakeCore, FakeMmio
from tests.networks import network, samples


@pytest.fixture
def place(tmp_path):
    """A socket behind which a core is, in another thread, for one visit."""
    core = FakeMmio(FakeCore(network()), depth=8)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "core"))
        listener.listen()
        far = threading.Thread(target=serve, args=(listener, core.read, core.write))
        far.start()
        yield tmp_path / "core"
        far.join(10)
        assert not far.is_alive()


def test_a_host_learns_through_it(place):
    mmio = RemoteMmio(place)
    host = Host(MmioLink(mmio), network().spec)
    host.load(network())
    reference = Reference(network())
    for spikes, label in zip(*samples(network().spec, 4), strict=True):
        assert host.run(spikes, label=int(label), learn=True).prediction == reference.run(
            spikes, int(label), learn=True).prediction
    np.testing.assert_array_equal(host.network().weights[0][0], reference.network().weights[0][0])
    mmio.close()


def test_what_was_refused_there_is_said_with_the_next_answer(place):
    mmio = RemoteMmio(place)
    identity = mmio.read(0)
    mmio.write(0, 1)
    with pytest.raises(RemoteError, match=r"^BusError: write 0x0$"):
        mmio.read(0)
    assert mmio.read(0) == identity
    with pytest.raises(RemoteError, match=r"^BusError: read 0x7ffc$"):
        mmio.read(0x7FFC)
    mmio.close()


def test_nobody_is_there(tmp_path):
    with pytest.raises(RemoteError, match=r"^No core answers at .*none \(No such file or directory\); leave"):
        RemoteMmio(tmp_path / "none")


def test_the_other_end_goes(tmp_path):
    """As a simulation that fails."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "core"))
        listener.listen()
        mmio = RemoteMmio(tmp_path / "core")
        listener.accept()[0].close()
    with pytest.raises(RemoteError, match=r"^The core behind the link is gone"):
        mmio.read(0)
