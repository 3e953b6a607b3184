"""What a wheel holds: all packages inside ``snnfpga``, which is the only top-level name it claims.

An editable installation leaves them where they lie. ``docs/packaging.md`` says why.
"""

import shutil
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))      # pip runs this file from a folder that is not on the path

from board.imports import INNER, OUTER, to_wheel

FOUND = find_packages(include=[name for package in (OUTER, *INNER) for name in (package, f"{package}.*")])


class BuildInside(build_py):
    """Copies the packages, and writes the imports across them as they are inside :data:`board.imports.OUTER`."""

    def run(self) -> None:
        # What an earlier build left there, and this one does not make, would be packed as well.
        shutil.rmtree(Path(self.build_lib) / OUTER, ignore_errors=True)
        super().run()

    def build_module(self, module: str, module_file: str, package: str) -> tuple[str, bool]:
        target, copied = super().build_module(module, module_file, package)
        Path(target).write_text(to_wheel(Path(module_file).read_text("utf-8"), module_file), "utf-8")
        return target, copied


if "editable_wheel" in sys.argv:
    setup(packages=FOUND)
else:
    setup(packages=[name if name.split(".")[0] == OUTER else f"{OUTER}.{name}" for name in FOUND],
          package_dir={f"{OUTER}.{name}": name for name in INNER},
          cmdclass={"build_py": BuildInside})
