import os
import re

import pytest

from board.toolchain import ToolError, find, run


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """A command ``mapper`` with a body of our own."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(body):
        path = folder / "mapper"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return make


def test_products_are_given(tool, tmp_path):
    tool('echo "$1" > top.bit')
    (bit,) = run(("mapper", "hello"), folder=tmp_path, products=("top.bit",))
    assert bit.read_text() == "hello\n"
    assert find("mapper") == tmp_path / "bin" / "mapper"


def test_a_tool_that_is_not_there_is_said(tmp_path):
    assert find("mapper-of-nobody") is None
    with pytest.raises(ToolError, match=f"^mapper-of-nobody is not on the PATH; install it, or run it elsewhere in "
                                        f"{re.escape(str(tmp_path))} as: mapper-of-nobody -x$"):
        run(("mapper-of-nobody", "-x"), folder=tmp_path, products=())


def test_a_failure_names_the_tools_own_error(tool, tmp_path):
    tool("echo 'ERROR: [Place 30] full'; echo bye; exit 3")
    with pytest.raises(ToolError, match=r"^mapper failed with status 3: ERROR: \[Place 30\] full; see .*mapper.out$"):
        run(("mapper",), folder=tmp_path, products=())


def test_an_old_product_does_not_pass_for_a_new_one(tool, tmp_path):
    (tmp_path / "top.bit").write_text("old")
    tool("true")
    with pytest.raises(ToolError, match=r"^mapper ended without making top.bit; see .*mapper.out$"):
        run(("mapper",), folder=tmp_path, products=("top.bit",))
