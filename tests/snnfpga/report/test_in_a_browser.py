"""Report pages in a browser: they load from a file, complain of nothing, ask nobody, and show what is pointed at."""

from pathlib import Path

import pytest

from tests.snnfpga.report.browser import opened
from tests.verbs import call

MOST = 2_000_000        # bytes of a page
PLOT = "document.querySelector('.plot')"

pytestmark = pytest.mark.slow


def pages(capsys):
    """A report of a run, of a build, and what diagnose and cost draw."""
    for arguments in (("report", "runs/small"), ("report", "build/small")):
        assert call(capsys, *arguments)[0] == 0
    return [Path("runs/small/report.html"), Path("build/small/report.html")]


def test_a_page_works_from_a_file_light_and_dark_wide_and_narrow(here, capsys):
    found = pages(capsys)
    assert all(path.stat().st_size <= MOST for path in found)
    with opened(here / "browser") as tab:
        for path in found:
            for width, dark in ((1200, False), (390, True)):
                tab.shown(path, width, dark)
                plots = tab.value("document.querySelectorAll('.plot').length")
                assert tab.value("document.querySelectorAll('.plot .main-svg').length >= " + str(plots))
                # Nothing is wider than the window: a phone scrolls down alone.
                assert tab.value("document.documentElement.scrollWidth") <= width
                ground = tab.value("getComputedStyle(document.body).backgroundColor")
                light = sum(map(int, ground[ground.index("(") + 1:-1].split(",")[:3])) > 3 * 128
                assert light is not dark
    assert tab.complaints == []
    assert {url.partition(":")[0] for url in tab.requests} <= {"file", "about", "data", "blob"}


def test_what_is_pointed_at_is_said(here, capsys):
    path, _ = pages(capsys)
    with opened(here / "browser") as tab:
        tab.shown(path)
        tab.value(f"{PLOT}.scrollIntoView({{block: 'center'}})")
        said = f"{PLOT}.querySelectorAll('.hoverlayer .legend, .hoverlayer .hovertext').length > 0"
        assert not tab.value(said)
        left, top, width, height = tab.value(
            f"(() => {{ const box = {PLOT}.querySelector('.nsewdrag').getBoundingClientRect();"
            " return [box.left, box.top, box.width, box.height]; })()")
        heard = False
        for part in range(1, 20):       # a point is somewhere on the way
            tab.point_at(left + part * width / 20, top + height / 2)
            heard = heard or tab.value(f"new Promise(resolve => setTimeout(() => resolve({said}), 100))")
        assert heard
