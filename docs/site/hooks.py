"""What the site has beside docs/: the README as its first page, CONTRIBUTING, the Python reference, the registers."""

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import snnfpga  # noqa: E402
from rtl_gen.contract import protocol  # noqa: E402

# Links from pages to what is no page.
ELSEWHERE = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)?(?:LICENSE|notebooks/?|docs/results/?[^)]*|results/[^)]*|vectors/[^)]*)\)")
# A link whose words are the name of a page, of the root's docs/ or beside the page.
BY_NAME = re.compile(r"\[(?:docs/)?([\w-]+)\.md\]\(")
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.S)
ELSEWHERE_SAID = {"Config"}     # keys.md has it
BELOW = {".errors": "rtl_gen.contract.errors"}      # where a name of a module that passes it on is written
ROLE = re.compile(r":(?:func|class|mod|meth|attr|data):(?=<code>)")


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


def on_page_content(html: str, **_: Any) -> str:
    """Roles of docstrings, which Markdown has not, are left out before what they stand for."""
    return ROLE.sub("", html)


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
    """The functions and then the classes of ``import snnfpga``, by their docstrings."""
    places = {name: snnfpga._NAMES[name] for name in snnfpga.__all__ if name not in ELSEWHERE_SAID}
    parts = []
    for title, functions in (("Functions", True), ("Classes", False)):
        entries = [f"::: {BELOW.get(place, 'snnfpga' + place)}.{name}" for name, place in sorted(places.items())
                   if name[0].islower() == functions]
        parts.append("\n\n".join([f"## {title}", *entries]))
    return "\n\n".join(["# Python reference", "All are names of `snnfpga`: `snnfpga.train`. "
                         "[python.md](python.md) shows them at work.", *parts, ""])


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
