"""Numbers as people read them."""

import pytest

from snnfpga.console import percent, size


@pytest.mark.parametrize(("share", "of", "said"), [
    (26 / 36, 36, "72 %"), (1.0, 3, "100 %"), (98 / 99, 99, "99 %"),           # a sample is more than a point
    (26 / 360, 360, "7.2 %"), (1 / 999, 999, "0.1 %"), (0.5, 100, "50.0 %"),   # a sample is more than a tenth
    (8123 / 10_000, 10_000, "81.23 %"), (0.123456, None, "12.35 %"),
])
def test_a_share_has_the_decimals_that_one_thing_can_change(share, of, said):
    assert percent(share, of) == said


@pytest.mark.parametrize(("count", "said"), [
    (0, "0 bytes"), (1, "1 bytes"), (840, "840 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (9_999, "9.76 KiB"),
    (1023 * 1024, "1023 KiB"), ((1 << 20) - 1, "1024 KiB"), (1 << 20, "1 MiB"), (256 << 20, "256 MiB"),
    (1 << 83, "8 YiB"), (1 << 95, "32768 YiB"),
])
def test_a_size(count, said):
    assert size(count) == said
