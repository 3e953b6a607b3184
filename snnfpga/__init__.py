"""Quantised spiking networks that learn block by block, and hardware that goes on learning: the verbs, from Python.

A name is imported when it is first used, so that ``import snnfpga`` takes next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.build import Built as Built
    from .api.build import build as build
    from .api.configure import configure as configure
    from .api.cost import Counted as Counted
    from .api.cost import cost as cost
    from .api.data import Data as Data
    from .api.diagnose import Diagnosed as Diagnosed
    from .api.diagnose import diagnose as diagnose
    from .api.evaluate import Evaluated as Evaluated
    from .api.evaluate import evaluate as evaluate
    from .api.exchange import Exported as Exported
    from .api.exchange import Imported as Imported
    from .api.exchange import export_nir as export_nir
    from .api.exchange import from_torch as from_torch
    from .api.exchange import import_nir as import_nir
    from .api.learn import Learned as Learned
    from .api.learn import learn as learn
    from .api.network import Network as Network
    from .api.network import load as load
    from .api.scope import Stopped as Stopped
    from .api.train import train as train
    from .api.trained import Trained as Trained
    from .api.verify import Verified as Verified
    from .api.verify import verify as verify
    from .config.models import Config as Config
    from .errors import SnnfpgaError as SnnfpgaError
    from .listening import Progress as Progress
    from .listening import SnnfpgaWarning as SnnfpgaWarning

_NAMES = {      # where each lies
    "Built": ".api.build",
    "Config": ".config.models",
    "Counted": ".api.cost",
    "Data": ".api.data",
    "Diagnosed": ".api.diagnose",
    "Evaluated": ".api.evaluate",
    "Exported": ".api.exchange",
    "Imported": ".api.exchange",
    "Learned": ".api.learn",
    "Network": ".api.network",
    "Progress": ".listening",
    "SnnfpgaError": ".errors",
    "SnnfpgaWarning": ".listening",
    "Stopped": ".api.scope",
    "Trained": ".api.trained",
    "Verified": ".api.verify",
    "build": ".api.build",
    "configure": ".api.configure",
    "cost": ".api.cost",
    "diagnose": ".api.diagnose",
    "evaluate": ".api.evaluate",
    "export_nir": ".api.exchange",
    "from_torch": ".api.exchange",
    "import_nir": ".api.exchange",
    "learn": ".api.learn",
    "load": ".api.network",
    "train": ".api.train",
    "verify": ".api.verify",
}
__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"Module {__name__!r} has no {name!r}")
    return globals().setdefault(name, getattr(import_module(_NAMES[name], __name__), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
