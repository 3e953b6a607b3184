"""What a front end is."""

from typing import Protocol

from ...config.network import NetworkConfig
from ..architecture import Architecture


class FrontEnd(Protocol):
    """Whatever a network can be described by: a notation, a file of a format, another tool's model."""

    def describe(self, config: NetworkConfig) -> Architecture:
        """The network that ``config`` asks for.

        It is asked more than once in a run, before data are loaded and after, and answers the same each time. A chain
        is cut into blocks of ``config.block_depth`` layers by :func:`snnfpga.network.architecture.cut`.

        Raises
        ------
        SnnfpgaError
            If there is no such network.
        """
        ...
