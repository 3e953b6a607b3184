from board.part import Resources


def test_shares_and_what_is_too_much():
    whole = Resources({"lut4": 100, "dp16k": 10, "mult18": 4})
    part = Resources({"lut4": 101, "dp16k": 2.5, "mult18": 4})
    assert part.shares(whole) == {"lut4": 1.01, "dp16k": 0.25, "mult18": 1.0}
    assert part.exceeded(whole) == ["lut4"]
    assert whole.exceeded(whole) == []


def test_a_total_has_every_name_that_came():
    several = [Resources({"lut4": 1, "dp16k": 2}), Resources({"dp16k": 0.5}), Resources({"mult18": 3})]
    assert Resources.total(several) == {"lut4": 1, "dp16k": 2.5, "mult18": 3}
    assert list(Resources.total(several)) == ["lut4", "dp16k", "mult18"]
    assert Resources.total([]) == {}
