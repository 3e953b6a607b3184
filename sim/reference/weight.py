"""What a stored weight is read as. Integers only."""

from .compiled import compiled


@compiled(nogil=True)
def weight_read(stored: int, bits: int, shadow_bits: int) -> int:
    """The weight that is read for a stored one: what stands above its shadow bits, or of 1 bit its sign, +1 or -1."""
    if bits == 1:
        return 1 if stored >= 0 else -1
    return stored >> shadow_bits
