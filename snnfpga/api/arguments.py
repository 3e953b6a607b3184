"""What the functions of Python take: checked by their annotations before anything is done, and refused in one line."""

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec, TypeVar, get_args, get_type_hints

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SkipValidation, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..config.faults import RULES
from ..errors import explain
from ..listening import Progress

P = ParamSpec("P")
R = TypeVar("R")
STRICT = ConfigDict(strict=True, arbitrary_types_allowed=True)


@dataclass(frozen=True)
class Wanted:
    """What an argument must be, in words, where pydantic's would speak of each of several types.

    Attributes
    ----------
    words
        They follow "must be".
    hint
        What to do instead, after what was given.
    """

    words: str
    hint: str = ""


def scalar(value: Any) -> Any:
    """A number of NumPy or PyTorch as one of Python; all else as it is."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def listed(value: Any) -> Any:
    """One value as a list of one, and what holds several values as a list; a table as it is."""
    if isinstance(value, tuple | range) or (hasattr(value, "tolist") and getattr(value, "shape", ())):
        return list(value)
    return value if isinstance(value, list | Mapping) else [value]


def _path(value: Any) -> Any:
    path = os.fspath(value)
    if not isinstance(path, str) or not path or "\0" in path:
        raise PydanticCustomError("path", "a path")
    return value


Whole = Annotated[int, BeforeValidator(scalar)]
Count = Annotated[Whole, Field(ge=1)]
Seed = Annotated[Whole, Field(ge=0)]
Number = Annotated[float, BeforeValidator(scalar)]
Flag = Annotated[bool, BeforeValidator(scalar)]
Place = Annotated[str | os.PathLike[str], AfterValidator(_path), Wanted("a path")]
Changes = Annotated[Mapping[str, Any], Wanted("a table of values by their keys, as {'learning.window': 8}")]
Sweep = Annotated[Mapping[str, Annotated[list[Whole | str], BeforeValidator(listed)]],
                  Wanted("a table as {'window': [1, 2, 'T'], 'block': [1, 'all']}")]
Wholes = Annotated[list[Whole], BeforeValidator(listed), Wanted("an integer, or a list of one for each block")]
Words = Annotated[list[str], BeforeValidator(listed), Wanted("text, or a list of one for each block")]
OnProgress = Annotated[Callable[[Progress], object], Wanted("a function of a Progress")] | None
OnLine = Annotated[Callable[[str], object], Wanted("a function of a line")] | None


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` with its arguments checked by their annotations, strictly: ``3`` is an integer, ``"3"`` is none.

    Numbers of NumPy are numbers of Python within it. What is annotated as ``Any``, or as not to be validated, it checks
    itself. What the system has against a file, or that memory is too small, is one line as well, with the system's
    error as its cause.

    Raises
    ------
    SnnfpgaError
        If an argument is of another kind or out of range: the argument, what it must be, and what was given.
    """
    signature = inspect.signature(function)

    @functools.cache
    def adapters() -> dict[str, tuple[TypeAdapter[Any], Any]]:
        hints = get_type_hints(function, include_extras=True)
        return {name: (TypeAdapter(hints[name], config=STRICT), hints[name])
                for name, parameter in signature.parameters.items()
                if name in hints and hints[name] is not Any and parameter.kind is not parameter.VAR_KEYWORD
                and SkipValidation not in _within(hints[name])}

    @functools.wraps(function)
    def call(*given: P.args, **named: P.kwargs) -> R:
        try:
            bound = signature.bind(*given, **named)
        except TypeError:
            return function(*given, **named)        # Python says it, and of which function
        for name, value in bound.arguments.items():
            if name in adapters():
                bound.arguments[name] = _valid(function, name, value, *adapters()[name])
        try:
            return function(*bound.args, **bound.kwargs)
        except SnnfpgaError:
            raise
        except (OSError, MemoryError) as error:
            known = explain(error)
            # One that names no file, as a broken pipe, is of a function that the program gave.
            if known is None or (isinstance(error, OSError) and error.filename is None):
                raise
            raise SnnfpgaError(*known) from error

    return call


def _within(annotation: Any) -> Iterator[Any]:
    """All that an annotation is made of, its metadata too."""
    yield annotation
    for part in get_args(annotation):
        yield from _within(part)


def _valid(function: Callable[..., Any], name: str, value: Any, adapter: TypeAdapter[Any], annotation: Any) -> Any:
    """``value`` as the annotation has it."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        # Of several the outermost, which stands last.
        wanted = next((part for part in [*_within(annotation)][::-1] if isinstance(part, Wanted)), None)
        first = error.errors()[0]
        kind = wanted is not None or first["type"].endswith("_type")       # and no range
        if wanted is None:
            wanted = Wanted(RULES.get(first["type"], first["msg"]).format(**first.get("ctx", {})))
        also = f"{',' * (' or ' in wanted.words)} or None" if kind and type(None) in get_args(annotation) else ""
        raise SnnfpgaError(f"Argument {name} of snnfpga.{function.__qualname__} must be {wanted.words}{also}, not "
                           f"{shown(value)}{wanted.hint and '; '}{wanted.hint}", USAGE) from None
