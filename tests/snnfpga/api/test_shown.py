"""Tables in a notebook."""

import re

from snnfpga.api.shown import Table


def test_a_table_in_a_notebook_has_no_colours_of_its_own_and_stays_as_it_is_indented():
    page = Table("T <1>", ("what", "right", "note"), [("a", "50 %", "&"), ("  b", "-1.5e-01", ""), ("c", "", "-")]
                 )._repr_html_()
    assert "T &lt;1&gt;" in page
    assert "&amp;" in page
    assert "white-space:pre-wrap" in page
    assert ">  b</td>" in page
    assert [*re.findall(r"text-align:(\w+)", page)][1:4] == ["left", "right", "left"]      # numbers stand at the right
    assert "background" not in page
    assert not re.search(r"[^-]color:(?!inherit)", page)


def test_a_table_without_rows_is_its_header():
    assert Table("T", ("a", "b"), [])._repr_html_().count("<th ") == 2
