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
# A link whose words are the name of a page, of the root's docs/ or beside the page.
BY_NAME = re.compile(r"\[(?:docs/)?([\w-]+)\.md\]\(")
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.S)
VERBS = ("train", "evaluate", "learn", "build", "verify", "cost", "diagnose")
OTHERS = ("configure.configure", "network.load", "network.Network", "data.Data", "trained.Trained",
          "evaluate.Evaluated", "learn.Learned", "build.Built", "verify.Verified", "cost.Counted",
          "diagnose.Diagnosed", "scope.Stopped")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere, or nowhere."""
    for name, text in {"index.md": _of_root("README.md"), "contributing.md": _of_root("CONTRIBUTING.md"),
                       "reference.md": reference(), "registers.md": registers(),
                       "site.css": (ROOT / "docs" / "site" / "site.css").read_text("utf-8")}.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links to files that are no pages become their names, and those by the name of a page its title; an index in
    square brackets is no reference.
    """
    text = ELSEWHERE.sub(r"\1", markdown.replace("](../CONTRIBUTING.md", "](contributing.md"))
    text = BY_NAME.sub(lambda found: f"[{_title(found[1])}](", text)
    return "".join(part if number % 2 else part.replace("][", "]\\[") for number, part in enumerate(CODE.split(text)))


def _title(page: str) -> str:
    """The first heading of a page of docs/, or of the root where it is written in capitals."""
    text = (ROOT / f"{page}.md" if page.isupper() else ROOT / "docs" / f"{page}.md").read_text("utf-8")
    return text.splitlines()[0].removeprefix("# ")


def _of_root(name: str) -> str:
    """A page of the root, its links as from docs/."""
    text = (ROOT / name).read_text("utf-8")
    text = re.sub(r"\]\(docs/([\w-]+\.(?:md|png|svg))", r"](\1", text)
    return text.replace("](CONTRIBUTING.md)", "](contributing.md)")


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
