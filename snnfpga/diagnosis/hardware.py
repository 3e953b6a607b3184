"""Whether a network can be hardware, on which boards, how large and how fast; and what would have to change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from board.outlook import FITS, FITS_NOT, MAY_FIT, Outlook, lanes_that_fit, ways_that_fit
from board.registry import get, names
from rtl_gen.activity import Activity, to_json
from rtl_gen.contract.engines.refusals import Refusal
from rtl_gen.contract.limits import hardware_refusals, learning_refusals
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.measured import MeasuredCycles

from ..data.dataset import Split
from ..network.activity import SAMPLES, activity_of
from ..network.network import SpikingNetwork
from .pace import measured_cycles

SHOWN = 2           # places of a refusal that are named before the rest are counted
WORTH = 0.1         # shares of a part below which an amount is not worth a word


@dataclass(frozen=True)
class Hardware:
    """What hardware thinks of a network.

    Attributes
    ----------
    refusals
        Why no board takes it, whatever its size; all reasons. Where there are some, there are no outlooks.
    learns
        Whether ``learn`` takes it, on the reference at least.
    outlooks
        How it would be on each board.
    """

    refusals: tuple[Refusal, ...]
    learns: bool
    outlooks: tuple[Outlook, ...]

    @property
    def lines(self) -> list[str]:
        """The same in words: a line, or two where something would have to change."""
        if not self.refusals:
            return [_of_board(outlook) for outlook in self.outlooks]
        learn = "learn takes it on the reference" if self.learns else "learn refuses it"
        changes = dict.fromkeys(refusal.change for refusal in self.refusals)
        return [f"Hardware: no board takes this network yet: {', '.join(_gathered(self.refusals))}; it trains, "
                f"evaluate takes it on torch and the reference, {learn}",
                f"  To become hardware it must have: {'; '.join(changes)}"]

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {"refusals": [{"what": refusal.what, "places": list(refusal.places), "change": refusal.change}
                             for refusal in self.refusals],
                "boards": [outlook.to_dict() for outlook in self.outlooks]}


def hardware_of(network: SpikingNetwork, split: Split, seed: int, *, trained: bool = False) -> Hardware:
    """Hardware's view of a network as it stands, with the events of some samples of ``split`` drawn by ``seed``.

    Of one that is ``trained`` the reference measures cycles too; before, its spikes are not yet what they will be.
    """
    refusals = hardware_refusals(network.spec)
    if refusals:
        return Hardware(refusals, not learning_refusals(network.spec), ())
    return outlooks(network.spec, _measured(network, split, seed),
                    measured_cycles(network.export(), split, seed) if trained else None)


def note_of(network: SpikingNetwork, split: Split, seed: int) -> str | None:
    """The note of a network file that says what samples ask of each block; None where there is no hardware of it."""
    return None if hardware_refusals(network.spec) else to_json(_measured(network, split, seed))


def cycles_note_of(network: Network, split: Split, seed: int) -> str | None:
    """The note that says how many cycles samples take; None where there is no hardware of the network."""
    return None if hardware_refusals(network.spec) else measured_cycles(network, split, seed).to_json()


def _measured(network: SpikingNetwork, split: Split, seed: int) -> tuple[Activity, ...]:
    return activity_of(network.spec, network.integers(), split.draw(SAMPLES, seed))


def outlooks(spec: NetworkSpec, activity: Sequence[Activity] | None,
             measured: MeasuredCycles | None = None) -> Hardware:
    """On every board there is, at the clock it asks for; ``spec`` is one that no engine refuses."""
    boards = [get(name) for name in names()]
    return Hardware((), True, tuple(Outlook(spec=spec, board=board, activity=activity, clock_mhz=board.clock_mhz,
                                            measured=measured)
                                    for board in boards))


def _gathered(refusals: Sequence[Refusal]) -> list[str]:
    """Each kind of refusal once, with its places."""
    places: dict[str, dict[str, None]] = {}
    for refusal in refusals:
        places.setdefault(refusal.what, {}).update(dict.fromkeys(refusal.places))
    return [f"{what} ({_listed(list(found))})" if found else what for what, found in places.items()]


def _listed(places: list[str]) -> str:
    shown, left = places[:SHOWN], len(places) - SHOWN
    if left == 1:
        shown, left = places, 0
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "")


def _of_board(outlook: Outlook) -> str:
    verdict = outlook.verdict
    facts = [f"Hardware: {verdict} {outlook.board.name} at {_lanes(outlook)}", *_amounts(outlook)]
    run, learn = outlook.microseconds(learn=False), outlook.microseconds(learn=True)
    if verdict == FITS_NOT:
        return f"{', '.join(facts)}; {_way_out(outlook)}"
    if run is not None:
        facts.append(f"{_time(run)} a sample at {outlook.clock_mhz:g} MHz"
                     + ("" if learn is None else f", {_time(learn)} where it learns"))
    return ", ".join(facts) + ("" if verdict == FITS else f"; {_way_out(outlook)}")


def _amounts(outlook: Outlook) -> list[str]:
    """What of the part it takes most of, and all that is too much."""
    part, needs = outlook.board.part, outlook.needs
    shares, logic = needs.shares(part.budget), part.logic(outlook.spec)
    worth = {name for name, share in shares.items() if share >= WORTH} or {max(shares, key=shares.__getitem__)}
    return [(f"about {round(needs[amount.name], -2):,.0f}" if logic is not None and amount.name == logic.amount
             else f"{needs[amount.name]:,g}") + f" of {amount.whole:,g} {amount.plural}"
            for amount in part.amounts if amount.name in worth]


def _way_out(outlook: Outlook) -> str:
    if outlook.verdict == MAY_FIT and outlook.board.part.logic(outlook.spec) is None:
        return "its memories do, its logic is counted by snnfpga build"
    fewer = lanes_that_fit(outlook)
    if fewer is None:
        return f"with fewer lanes it does not fit either: take {ways_that_fit(outlook)}"
    lanes = [block.directives.lanes for block in fewer.spec.blocks]
    return f"it fits at {_lanes(fewer)}: snnfpga build --lanes {','.join(map(str, lanes))}"


def _lanes(outlook: Outlook) -> str:
    lanes = [block.directives.lanes for block in outlook.spec.blocks]
    if len(set(lanes)) == 1:
        return f"{lanes[0]} lane{'s' if lanes[0] > 1 else ''}"
    return f"{', '.join(map(str, lanes[:-1]))} and {lanes[-1]} lanes"


def _time(microseconds: float) -> str:
    """Microseconds in three digits, as milliseconds where they are many."""
    value, unit = (microseconds / 1000, "ms") if microseconds >= 10_000 else (microseconds, "us")
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
