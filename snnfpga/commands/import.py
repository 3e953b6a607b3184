"""``snnfpga import``: a network of another framework, in a file of NIR, becomes a network of ours."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.nearest import offer
from ..console import percent, print_json, print_table, say

if TYPE_CHECKING:
    from ..importers.facts import LayerFacts
    from ..importers.importing import Source
    from ..importers.recorded import Check

NONE = "-"


def command(
    file: Annotated[Path, typer.Argument(help="The file of NIR.", show_default=False)],
    source: Annotated[str, typer.Option("--from", help="Who wrote it: snntorch, norse, spikingjelly, sinabs, or nir.",
                                        show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The network file to write; else the file's name with "
                                             ".safetensors.", show_default=False)] = None,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz: membranes become as wide "
                                             "as its training samples need.", show_default=False)] = None,
    check: Annotated[Path | None, typer.Option(help="Recorded spikes of the source framework, an .npz, to compare "
                                               "with.", show_default=False)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, for example "
                        "network.weight_bits=6; may be given again.")] = None,
    dt: Annotated[float | None, typer.Option(help="Seconds of a step, in place of the source's.",
                                             show_default=False)] = None,
    reset: Annotated[str | None, typer.Option(help="subtract, subtract-late (after the next leak) or zero, in place of "
                                              "the source's.", show_default=False)] = None,
    compare: Annotated[str | None, typer.Option(help="A neuron fires above its threshold, or where that is reached, in "
                                                "place of the source's.", show_default=False)] = None,
    gain: Annotated[float | None, typer.Option(help="What a current counts in a membrane, in place of what the file "
                                               "says.", show_default=False)] = None,
    reading: Annotated[str | None, typer.Option(help="Of a leaky integrator at the end: sum, last or maximum is the "
                                                "answer.", show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Turn a file of NIR, the exchange format of snnTorch, Norse, SpikingJelly and Sinabs, into a network file.

    A file does not say what its framework computes: --from does. What was understood is printed layer by layer, and
    stays in the file's notes. All other verbs take the result: evaluate, train --from, build, verify, learn.

    Examples:

      snnfpga import model.nir --from snntorch --data mine.npz

      snnfpga import model.nir --from snntorch --reset zero --set network.weight_bits=6 --out small.safetensors

      snnfpga import model.nir --from nir --dt 0.001 --reset zero --compare above
    """
    from rtl_gen.contract.network_file import write

    from ..importers.conventions.base import COMPARISONS, RESETS, Said
    from ..importers.importing import import_nir
    from ..importers.recorded import checked, read_recorded
    from ..runs.out_file import check_out

    for option, value, known in (("--reset", reset, RESETS), ("--compare", compare, COMPARISONS),
                                 ("--reading", reading, ("sum", "last", "maximum"))):
        if value is not None and value not in known:
            raise SnnfpgaError(f"{option} cannot be {value!r}; {offer(value, known)}", USAGE)
    for option, number in (("--dt", dt), ("--gain", gain)):
        if number is not None and not 0 < number < float("inf"):
            raise SnnfpgaError(f"{option} must be above 0, not {number:g}", USAGE)
    out = out or Path(file.stem).with_suffix(".safetensors")
    check_out(out, lambda old: overwrite, "replaced unless asked for", "name another file with --out, or give "
              "--overwrite")
    recorded = None if check is None else read_recorded(check)
    found = import_nir(file, source, Said(dt=dt, reset=reset, compare=compare, gain=gain), reading=reading, data=data,
                       settings=settings or ())
    beside = None if recorded is None else checked(found.made.network, found.made.shapes, recorded)
    write(out, found.made.network, notes=found.notes() | _activity(found))
    for line in found.made.warnings:
        say(f"Warning: {line}")
    if as_json:
        print_json(_facts(found, out, beside))
    else:
        _show(found, out, beside)


def _activity(found: "Source") -> dict[str, str]:
    """The note of what the data asks of each block, where there is data and hardware."""
    from ..diagnosis.hardware import note_of
    from ..runs.find import ACTIVITY

    note = None if found.data is None else note_of(found.made.trained, found.data.train, found.made.config.seed)
    return {} if note is None else {ACTIVITY: note}


def _facts(found: "Source", out: Path, beside: "Check | None") -> dict[str, Any]:
    """What ``--json`` prints (docs/commands.md)."""
    spec = found.made.network.spec
    return {"network": str(out), "source": found.facts, "inputs": spec.inputs, "classes": spec.classes,
            "max_steps": spec.max_steps, "layers": [asdict(facts) for facts in found.made.facts],
            "warnings": list(found.made.warnings), "check": None if beside is None else asdict(beside)}


def _show(found: "Source", out: Path, beside: "Check | None") -> None:
    from ..importers.conventions.registry import convention_of

    spec = found.made.network.spec
    print_table(f"Understood of {found.facts['file']}", (
        "node", "is", "neurons", "said", "keeps", "keeps here", "gain", "reset", "fires", "bits", "threshold",
        "reset by", "membrane", "worst weight"), [_row(facts) for facts in found.made.facts])
    rows = [("convention", convention_of(found.facts["from"]).about), ("inputs, classes, steps at most",
            f"{spec.inputs}, {spec.classes}, {spec.max_steps}"), ("network", out)]
    if beside is not None:
        rows += [(f"spikes of layer {layer.layer} that differ", f"{layer.differing}; counts of neurons by "
                  f"{percent(layer.count_error)} of {layer.spikes} spikes") for layer in beside.layers]
        rows.append(("samples of the same class as in the source", f"{beside.same_predictions} of {beside.samples}"))
        if beside.accuracy is not None:
            rows.append(("accuracy here, in the source", f"{percent(beside.accuracy, beside.samples)}, "
                         f"{percent(beside.source_accuracy, beside.samples)}"))
    print_table("Imported", ("what", "value"), rows)


def _row(facts: "LayerFacts") -> tuple[object, ...]:
    keeps = [NONE if value is None else f"{value:.4g}" for value in (facts.keep, facts.keep_used)]
    if facts.current_keep is not None:
        keeps = [f"{own}, current {current:.4g}" for own, current in zip(
            keeps, (facts.current_keep, facts.current_keep_used), strict=True)]
    low, high = facts.gain or (None, None)
    gain = NONE if low is None else f"{low:.4g}" if abs(low - high) < 1e-5 * high else f"{low:.4g} .. {high:.4g}"
    fires = {"above": "above", "reached": "at or above"}.get(facts.compare or "", NONE)
    integers = [NONE if value is None else value for value in (facts.threshold, facts.reset_amount,
                                                               facts.membrane_bits)]
    return (facts.node, facts.kind, facts.neurons, facts.said or NONE, *keeps, gain, facts.reset or NONE, fires,
            f"{facts.weight_bits}, unit 2^{-facts.fraction_bits}", *integers, f"{100 * facts.weight_error:.2g} %")
