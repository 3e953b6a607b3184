"""A configuration with its data, for verbs that look at a network and write nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..config.models import Config
from .configure import configure
from .data import has_keys, named

if TYPE_CHECKING:
    from ..data.dataset import DataSet


@contextmanager
def configured(config: Any, changes: Mapping[str, Any] | None, data: Any,
               sections: Mapping[str, Any]) -> "Iterator[tuple[Config, DataSet | None]]":
    """The configuration, with what it leaves open for its data, and the data where they were loaded for that."""
    from ..data.own_defaults import complete

    if has_keys(data):
        yield complete(configure(config, changes, data=dict(data), **sections))
        return
    with named(data) as name:
        yield complete(configure(config, changes, data=None if name is None else {"name": name}, **sections))
