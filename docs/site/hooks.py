"""What the site has beside docs/: the README as its first page, CONTRIBUTING, the Python reference, the registers."""

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from rtl_gen.contract import protocol  # noqa: E402

# Links from pages to what is no page.
ELSEWHERE = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)?(?:LICENSE|notebooks/?|docs/results/?[^)]*|results/[^)]*|vectors/[^)]*)\)")
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.S)
VERBS = ("train", "evaluate", "learn", "build", "verify", "cost", "diagnose")
OTHERS = ("configure.configure", "network.load", "network.Network", "data.Data", "trained.Trained",
          "evaluate.Evaluated", "learn.Learned", "build.Built", "verify.Verified", "cost.Counted",
          "diagnose.Diagnosed", "scope.Stopped")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere, or nowhere."""
    for name, text in {"index.md": _of_root("README.md"), "contributing.md": _of_root("CONTRIBUTING.md"),
                       "reference.md": reference(), "registers.md": registers()}.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links to files that are no pages become their names; an index in square brackets is no reference."""
    text = ELSEWHERE.sub(r"\1", markdown.replace("](../CONTRIBUTING.md", "](contributing.md"))
    return "".join(part if number % 2 else part.replace("][", "]\\[") for number, part in enumerate(CODE.split(text)))


def _of_root(name: str) -> str:
    """A page of the root, its links as from docs/."""
    text = (ROOT / name).read_text("utf-8")
    return re.sub(r"\]\(docs/([\w-]+\.(?:md|png))", r"](\1", text).replace("](CONTRIBUTING.md)", "](contributing.md)")


def reference() -> str:
    """The functions and classes of ``import snnfpga``, by their docstrings."""
    names = [*(f"{verb}.{verb}" for verb in VERBS), *OTHERS]
    return "# Python reference\n\n" + "\n\n".join(f"::: snnfpga.api.{name}" for name in names) + "\n"


def registers() -> str:
    """The register map of a core, by ascending address; a block's registers come again for each."""
    class OneBlock:
        blocks = (None,)

    rows = [f"| `0x{one.address:03x}` | `{one.name.replace('block0', 'blockB')}` | {one.access.name.lower()} |"
            for one in protocol.registers(OneBlock())]
    return "\n".join([
        "# Registers", "", "Of `rtl_gen.contract.protocol`; [protocol.md](protocol.md) says what they do. Addresses "
        f"are in bytes. Those of block B lie 0x{protocol.BLOCK_STRIDE:x} * B further on.", "",
        "| address | name | access |", "|---|---|---|", *rows, ""])
