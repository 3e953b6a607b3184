"""Whether learning on chip made a network worse, in words."""

from collections.abc import Iterator
from typing import Any

from ..console import percent

FORGOTTEN = 0.03        # of the accuracy on the original data


def worse(found: dict[str, Any]) -> Iterator[str]:
    """A line for each accuracy that learning lowered, with what helps; ``found`` is what ``snnfpga learn`` leaves."""
    before, after = found["accuracy_before"], found["accuracy_after"]
    tested, old_ones = found.get("test_samples"), found.get("original_samples")
    if after < before:
        yield (f"learning made the network worse, {percent(before, tested)} before and {percent(after, tested)} after; "
               "keep the one before, or learn with --guard 0.2, slower (--rates 3), or from more samples")
    old, new = found.get("original_accuracy_before"), found.get("original_accuracy_after")
    if old is not None and new is not None and old - new > FORGOTTEN:
        remedy = ("mix more of the old samples in (--rehearse-share), or learn slower (--rates 3)"
                  if found.get("rehearsed") else "mix old samples in with --rehearse same")
        yield (f"on the data it was trained on the network fell from {percent(old, old_ones)} to "
               f"{percent(new, old_ones)}; {remedy}")
