"""Run on the board."""

from board.host import archive
from tests.board.scratch_vendor.attach import attach

print(archive.read_spec(".").name, attach.__name__)
