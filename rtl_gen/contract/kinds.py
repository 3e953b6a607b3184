"""Parts of a specification of which there are several kinds, each in a module of its name."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar

from .checks import SpecError
from .errors import shown


def kinds_in(package: str) -> tuple[str, ...]:
    """The kinds of a folder, a package's dotted name, in order; their modules are not loaded."""
    folder = import_module(package)
    return tuple(sorted(module.name for module in iter_modules(folder.__path__) if module.name != "base"))


class Part:
    """Base of the classes of one folder: ``lif`` is the class ``SPEC`` of ``neurons/lif.py``.

    A folder has a module ``base`` with the class that its kinds derive from. A kind is added by its file alone.

    Attributes
    ----------
    kind
        Name of the module that defines the class.
    """

    kind: ClassVar[str]

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        cls.kind = cls.__module__.rpartition(".")[2]

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """The names of all kinds beside ``cls``, in order."""
        return kinds_in(cls.__module__.rpartition(".")[0])

    @classmethod
    def of_kind(cls, kind: Any) -> type:
        """The class of a kind.

        Raises
        ------
        SpecError
            If there is no such kind.
        """
        if kind not in cls.kinds():
            raise SpecError(f"{cls.__name__} kind must be one of {', '.join(cls.kinds())}, not {shown(kind)}")
        return import_module(f"{cls.__module__.rpartition('.')[0]}.{kind}").SPEC
