"""What a verb does not leave behind in the program that called it, and who hears it there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from ..ending import verb_scope
from ..extras import missing_extra
from ..listening import Program, heard_by, listener
from .arguments import OnLine, OnProgress


class Stopped(KeyboardInterrupt):
    """A person stopped a verb; the text says what was kept, and how to go on."""


@contextmanager
def verb(on_progress: OnProgress, on_line: OnLine) -> Iterator[None]:
    """A verb that a program calls: nothing is printed, and what it claimed is free at its end.

    Whoever listens already, as the command line does, goes on where neither is given. A module that an extra of the
    package brings, and that is missing, is one line.
    """
    own = listener() is None or on_progress is not None or on_line is not None
    with verb_scope(), heard_by(Program(on_progress, on_line)) if own else nullcontext():
        try:
            yield
        except ModuleNotFoundError as error:
            raise missing_extra(error) or error from None


@contextmanager
def torch_as_it_was() -> Iterator[None]:
    """Within it a verb may set PyTorch as it needs it; afterwards it is as the program had it."""
    import torch

    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory
    matmul, cudnn = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    try:
        with torch.random.fork_rng(devices=()):     # layers are drawn once before they get their own weights
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict, warn_only=warn_only)
        torch.utils.deterministic.fill_uninitialized_memory = fill
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = matmul, cudnn


def is_module(value: object) -> bool:
    """Whether ``value`` is a module of PyTorch, or the class of one; PyTorch is not imported to tell."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return isinstance(value, torch.nn.Module) or (isinstance(value, type) and issubclass(value, torch.nn.Module))
