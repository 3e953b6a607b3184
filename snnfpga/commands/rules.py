"""``snnfpga rules``: what ``learning.rule`` may be, and which other options are experimental."""

from dataclasses import asdict
from typing import Annotated

import typer

from ..console import print_json, print_table


def command(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
            ) -> None:
    """List the learning rules: whether the chip learns by it, whether it serves recurrent layers, source, state kept,
    settings refused.

    A second table has the options that are experimental, rules apart.

    A network trained by any of them can go on learning on the chip, by the chip's rule.

    A rule of your own is named by its path, found from the folder you are in: my_rules.mine is the Rule mine in
    my_rules.py, or the RULE of the module mine in the folder my_rules. docs/rules.md writes one.

    Examples:

      snnfpga train --set learning.rule=bptt --out runs/baseline

      snnfpga train --set learning.rule=my_rules.mine
    """
    from ..config.experimental import OPTIONS
    from ..learning.registry import RULES

    if as_json:
        print_json({"rules": [
            {"name": rule.name, "source": rule.source, "keeps": rule.keeps, "costs": rule.costs,
             "honours": sorted(rule.honours), "refuses": rule.refuses, "on_chip": rule.on_chip is not None,
             "recurrent": rule.recurrent, "experimental": rule.experimental}
            for rule in RULES.values()], "experimental": [asdict(option) for option in OPTIONS]})
        return
    print_table("Learning rules", ("name", "on chip", "recurrent", "source", "keeps", "costs", "refuses"), [
        (rule.name + (" (experimental)" if rule.experimental else ""), "yes" if rule.on_chip else "no",
         "yes" if rule.recurrent else "no", rule.source, rule.keeps, rule.costs, rule.refuses)
        for rule in RULES.values()])
    print_table("Experimental options", ("setting", "what it does", "source"), [
        (option.setting, option.what, option.source) for option in OPTIONS])
