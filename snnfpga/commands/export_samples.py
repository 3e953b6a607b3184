"""``snnfpga export-samples``: samples in the form that the program on a board takes."""

from pathlib import Path
from typing import Annotated

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.nearest import offer
from ..console import print_json, print_table, say, size

HALVES = ("train", "test", "both")
MUCH = 256 << 20        # bytes; a PYNQ-Z2 has 512 MiB for everything


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    out: Annotated[Path, typer.Option(help="The .npz to write.")] = Path("samples.npz"),
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    half: Annotated[str, typer.Option(help="train, test, or both.")] = "both",
    samples: Annotated[int | None, typer.Option(min=1, help="So many samples of each half; else all.",
                                                show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Write samples for the program on a board: dense spikes in the steps, pooling and delays of the network's data.

    The file holds spikes, label, split, and length where samples end before the last step. On the board every spike
    takes a byte; the file itself is compressed. A file of the user's own may have label -1 where a sample has none.

    Examples:

      snnfpga export-samples runs/digits --samples 200 --out samples.npz

      snnfpga export-samples runs/digits --data drifted.npz --half test --out test.npz
    """
    from rtl_gen.contract.network_file import read

    from ..data.export import write_samples
    from ..data.fit import check_fit, some
    from ..data.source import load_data
    from ..runs.find import find_network
    from ..runs.network_data import data_of
    from ..runs.out_file import check_out

    if half not in HALVES:
        raise SnnfpgaError(f"No half is called {shown(half)}; {offer(half, HALVES)}", USAGE)
    if out.suffix != ".npz":
        raise SnnfpgaError(f"File {out} to write must end in .npz, by which samples are known", USAGE)
    check_out(out, lambda old: overwrite, "replaced unless asked for", "name another file with --out, or give "
              "--overwrite")
    path = find_network(target)
    spec = read(path).spec
    dataset = load_data(data_of(path, spec, data, data_root), labelled=() if half == "train" else ("test",))
    check_fit(dataset, spec)
    found = write_samples(out, {name: some(dataset, name, samples, spec.seed) for name in HALVES[:2]
                                if half in (name, "both")})
    if found.memory_bytes > MUCH:
        say(f"{out} takes {size(found.memory_bytes)} in the board's memory; where that is too much, export fewer "
            "with --samples")
    if as_json:
        print_json({"samples": found.samples, "steps": found.steps, "inputs": found.inputs, "data": dataset.name,
                    "memory_bytes": found.memory_bytes, "out": str(out)})
        return
    print_table(f"Exported for {path}", ("what", "value"), [
        ("data", dataset.name), *((f"{name} samples", number) for name, number in found.samples.items()),
        ("steps and inputs", f"{found.steps} x {found.inputs}"),
        ("in the board's memory", size(found.memory_bytes)), ("file", out)])
