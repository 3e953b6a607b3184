"""The data that a network is to be run on: what was asked for, else what it was trained on."""

from pathlib import Path

from pydantic import ValidationError

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.network_file import read_notes
from rtl_gen.contract.spec import NetworkSpec

from ..config.data import DataConfig
from ..data.archive import is_dense
from ..data.dataset import DataError
from ..data.options import UNTIMED
from ..data.registry import SETS, is_file


def data_of(path: Path, spec: NetworkSpec, name: str | None, root: Path | None) -> DataConfig:
    """The data for the network at ``path``.

    Parameters
    ----------
    name
        A data set's name or the path of an .npz; None for what the file's notes say it was trained on. Events of an
        .npz become as many steps, in the same way, as those the network was trained on; spikes have steps of their
        own.
    root
        Folder of the data sets that are not embedded; None for the one it was trained from.

    Raises
    ------
    SnnfpgaError
        If no name is given and the notes have none.
    DataError
        If no name is given and the notes name a file that is not there.
    """
    try:
        trained = DataConfig.model_validate_json(read_notes(path).get("data", ""))
    except ValidationError:
        trained = None
    if trained is None and name is None:
        raise SnnfpgaError(f"Network {path} does not say what data it was trained on; name some with --data", USAGE)
    if trained is None:
        trained = DataConfig(steps=spec.max_steps, input_max=spec.input_max)
    changes: dict[str, object] = {} if root is None else {"root": root}
    if name is not None and name != trained.name:
        changes |= {"name": name, "coding": None}
        if not is_file(name) and not (name in SETS and SETS[name].binned):
            changes |= UNTIMED
    file = Path(name or trained.name)
    if name is None and str(file) not in SETS and not file.exists():
        raise DataError(f"Network {path} was trained on {file}, and there is no such file here, in {Path.cwd()}; "
                        "go to the folder it was trained from, or name the data with --data")
    if is_file(str(file)) and is_dense(file):
        changes |= {"steps": None, **UNTIMED}
    return trained.model_copy(update=changes)
