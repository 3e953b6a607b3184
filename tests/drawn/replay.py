"""Runs a drawn network again from the file that a failed test left: ``python -m tests.drawn.replay FILE``."""

import argparse
import json
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from sim.simulators import SIMULATORS

from .case import Case, run

LEFT = Path("build") / "drawn"


@contextmanager
def reproduced(case: Case):
    """Leave the case in a file where what is done with it fails, and say how to run it again."""
    try:
        yield
    except Exception as error:
        LEFT.mkdir(parents=True, exist_ok=True)
        path = LEFT / f"{case.name}.json"
        path.write_text(json.dumps(case.to_dict(), indent=1) + "\n", "utf-8")
        raise AssertionError(f"{error}\nAgain: python -m tests.drawn.replay {path}") from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--simulator", choices=SIMULATORS, default="icarus")
    parser.add_argument("--waves", type=Path, metavar="FOLDER", help="keep the design and all its signals there")
    arguments = parser.parse_args()
    case = Case.read(arguments.file)
    with tempfile.TemporaryDirectory() as temporary:
        found = run(case, arguments.waves or Path(temporary), simulator=arguments.simulator,
                    waves=arguments.waves is not None)
    print(f"{case.name}: compared {found.compared}, {found.mismatches} differ")
    if found.mismatches:
        sys.exit("\n".join(found.described))


if __name__ == "__main__":
    main()
