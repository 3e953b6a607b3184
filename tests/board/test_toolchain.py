import os
import re
import subprocess

import pytest

from board.toolchain import Stage, ToolError, find, ready, run, run_flow, script


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


def stage(*command, products=(), name="mapper", **more):
    return Stage(name=name, command=command, products=products, **more)


def test_products_are_given(tool, tmp_path):
    tool('echo "$1" > top.bit')
    (bit,) = run(stage("mapper", "hello", products=("top.bit",)), folder=tmp_path)
    assert bit.read_text() == "hello\n"
    assert find("mapper") == tmp_path / "bin" / "mapper"


def test_a_tool_that_is_not_there_is_said(tmp_path):
    assert find("mapper-of-nobody") is None
    with pytest.raises(ToolError, match=f"^mapper-of-nobody is not on the PATH; install it, or run it elsewhere in "
                                        f"{re.escape(str(tmp_path))} as: mapper-of-nobody -x$"):
        run(stage("mapper-of-nobody", "-x"), folder=tmp_path)


def test_a_failure_names_the_tools_own_error(tool, tmp_path):
    tool("echo 'ERROR: [Place 30] full'; echo bye; exit 3")
    with pytest.raises(ToolError, match=r"^mapper failed with status 3: ERROR: \[Place 30\] full; see .*mapper.out$"):
        run(stage("mapper"), folder=tmp_path)


def test_an_old_product_does_not_pass_for_a_new_one(tool, tmp_path):
    (tmp_path / "top.bit").write_text("old")
    tool("true")
    with pytest.raises(ToolError, match=r"^mapper ended without making top.bit; see .*mapper.out$"):
        run(stage("mapper", products=("top.bit",)), folder=tmp_path)


def test_how_to_get_a_tool_is_said(tmp_path):
    with pytest.raises(ToolError, match=r"^mapper-of-nobody is not on the PATH; ask nobody for it, or run it elsew"):
        run(stage("mapper-of-nobody", install="ask nobody for it"), folder=tmp_path)


FLOW = (stage("mapper", "a.txt", name="first", products=("a.txt",)),
        stage("mapper", "b.txt", name="second", products=("b.txt",)))


def test_steps_run_in_order_each_with_its_log(tool, tmp_path):
    tool('ls *.txt 2> /dev/null; echo made > "$1"')
    assert run_flow(FLOW, folder=tmp_path) == (tmp_path / "a.txt", tmp_path / "b.txt")
    assert [(tmp_path / f"{name}.out").read_text() for name in ("first", "second")] == ["", "a.txt\n"]


def test_a_flow_ends_before_a_tool_that_is_not_there(tool, tmp_path):
    tool('echo made > "$1"')
    flow = (FLOW[0], stage("mapper-of-nobody", name="third", products=("c.txt",)), FLOW[1])
    (tmp_path / "b.txt").write_text("of an earlier run")
    assert ready(flow) == flow[:1]
    assert run_flow(flow, folder=tmp_path) == (tmp_path / "a.txt",)
    assert not (tmp_path / "b.txt").exists()


def test_a_flow_ends_with_a_step_that_fails(tool, tmp_path):
    tool('echo "ERROR: $1 is full"; exit 3')
    with pytest.raises(ToolError, match=r"^mapper failed with status 3: ERROR: a.txt is full; see .*first.out$"):
        run_flow(FLOW, folder=tmp_path)
    assert not (tmp_path / "second.out").exists()


def test_a_script_does_what_a_flow_does(tool, tmp_path):
    tool('echo made > "$1"')
    (tmp_path / "flow.sh").write_text(script(FLOW))
    subprocess.run(["sh", "flow.sh"], cwd=tmp_path, check=True)
    assert {path.name for path in tmp_path.glob("*.txt")} == {"a.txt", "b.txt"}
    tool('echo made > "$1"; exit 1')
    (tmp_path / "b.txt").unlink()
    assert subprocess.run(["sh", "flow.sh"], cwd=tmp_path, check=False).returncode == 1
    assert not (tmp_path / "b.txt").exists()
