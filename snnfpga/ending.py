"""What is to be given back once a verb has ended, however it ended."""

import atexit
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar

_outermost = ExitStack()        # closed with the process, where a verb was called outside of all scopes
atexit.register(_outermost.close)
_stack: ContextVar[ExitStack] = ContextVar("stack", default=_outermost)


def until_end(claim: AbstractContextManager[object]) -> None:
    """Enter ``claim``, and leave it once the verb that is going on has ended."""
    _stack.get().enter_context(claim)


@contextmanager
def verb_scope() -> Iterator[None]:
    """A verb: what :func:`until_end` enters within it is left at its end; one called within another ends first."""
    with ExitStack() as stack:
        token = _stack.set(stack)
        try:
            yield
        finally:
            _stack.reset(token)
