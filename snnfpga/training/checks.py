"""What a configuration must not ask for: one list, which every verb that makes a network goes through.

A feature that a configuration switches on refuses what it cannot serve by ``check(config)``, or ``check_data(config,
data)`` where that depends on the data, in its own module; it is a line here.
"""

from collections.abc import Callable

from ..config.models import Config
from ..data.dataset import DataSet
from ..learning import leaky, lingering, registry, select
from ..network import refused, regrid
from . import best, flips, futile, parallel, schedule, step_labels, teacher, warm_start

OF_CONFIG: tuple[Callable[[Config], None], ...] = (
    registry.check, leaky.check, lingering.check, refused.check, warm_start.check, parallel.check, regrid.check,
    schedule.check, flips.check, teacher.check, step_labels.check, futile.check)
OF_DATA: tuple[Callable[[Config, DataSet], None], ...] = (
    select.check_data, registry.check_data, step_labels.check_data, futile.check_data, best.check_data)


def check_config(config: Config) -> None:
    """Refuse a configuration that a feature cannot serve on any data.

    Raises
    ------
    SnnfpgaError
        If there is one; the first of the list speaks.
    """
    for of_config in OF_CONFIG:
        of_config(config)


def check(config: Config, data: DataSet) -> None:
    """Refuse a configuration that a feature cannot serve, by itself or on ``data``.

    Raises
    ------
    SnnfpgaError
        If there is one; the first of the list speaks.
    """
    check_config(config)
    for of_data in OF_DATA:
        of_data(config, data)
