"""What a test does where a tool is missing."""

import os

import pytest


def skip_or_fail(reason):
    """Skip with the reason; fail in CI, which has all tools."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI lacks a tool: {reason}")
    pytest.skip(reason)
