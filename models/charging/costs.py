"""What goods cost by the delivery notes they came with, where these say other than the catalogue.

References:
    docs/store.md, "Whose, and at what cost".
"""

from collections.abc import Sequence
from datetime import date

from models.charging.books import LabelFacts

CostKey = tuple[str, str, str, str, str]
"""(hospital, item code, owner, lot, serial); lot and serial `''` where the label gave none."""
CostsSince = tuple[tuple[date, int | None], ...]
"""From which day on goods cost what, in 1/10,000 yuan a unit, in order; `None`: what the catalogue says of each day."""


def cost_key(hospital: str, item_code: str, owner: str, label: LabelFacts) -> CostKey:
    """By what the books know what goods of a label cost."""
    return hospital, item_code, owner, label.lot or "", label.serial or ""


def noted_on(costs: Sequence[tuple[date, int | None]], day: date) -> int | None:
    """What goods cost on the day, in 1/10,000 yuan a unit; `None` where the catalogue's cost holds.

    Example:
        >>> noted_on([(date(2022, 6, 1), 75_000), (date(2022, 7, 1), None)], date(2022, 6, 30))
        75000
    """
    return next((cost for since, cost in reversed(costs) if since <= day), None)
