"""`udi alerts` in the order of what to look at first: the newest month, department by department, each item once."""

from decimal import Decimal
from typing import Any

from streams.cli.monitoring.alerts import by_item


def alert(item: str, scope: str, value: str, base: str | None, **more: Any) -> dict[str, Any]:
    return {
        "hospital": "H1", "month": "2022-06", "item_code": item, "item_name": None, "scope": scope,
        "scope_type": "hospital" if scope == "H1" else "department", "rule": "growth-month-on-month",
        "measure": "amount", "value": Decimal(value), "base_value": base and Decimal(base), "base_month": "2022-05",
        "change_percent": Decimal(20), "rank": None, "months_in_a_row": None, "cause": [], "status": "fired",
    } | more  # fmt: skip


def order(*rows: dict[str, Any]) -> list[tuple[str, str | None, Decimal]]:
    return [(each.alerts[0]["item_code"], each.department, each.weight) for each in by_item(rows)]


def test_an_item_stands_once_with_its_scopes_the_heaviest_first() -> None:
    rows = [alert("A", "ICU", "150", "100"), alert("A", "ORTH", "900", "100"), alert("A", "H1", "1050", "200")]

    (found,) = by_item(rows)

    assert [row["scope"] for row in found.alerts] == ["H1", "ORTH", "ICU"]
    assert (found.department, found.weight) == ("ORTH", Decimal(850))


def test_departments_stand_together_in_the_order_of_their_heaviest_item() -> None:
    rows = [
        alert("A", "ICU", "500", "100"), alert("B", "ORTH", "900", "100"), alert("C", "ORTH", "200", "100"),
        alert("D", "H1", "950", "900"),
    ]  # fmt: skip

    assert order(*rows) == [
        ("B", "ORTH", Decimal(800)), ("C", "ORTH", Decimal(100)), ("A", "ICU", Decimal(400)), ("D", None, Decimal(50)),
    ]  # fmt: skip


def test_the_newest_month_comes_first_and_what_no_longer_stands_weighs_nothing() -> None:
    rows = [
        alert("A", "ICU", "9000", "100", month="2022-05"),
        alert("B", "ICU", "9000", "100", status="withdrawn"),
        alert("C", "ICU", "120", "100"),
        alert("D", "ICU", "40", None, measure="quantity"),
    ]

    assert order(*rows) == [
        ("C", "ICU", Decimal(20)), ("B", "ICU", Decimal(0)), ("D", "ICU", Decimal(0)), ("A", "ICU", Decimal(8900)),
    ]  # fmt: skip


def test_a_rank_and_a_new_item_weigh_what_was_used() -> None:
    rows = [alert("A", "ICU", "700", "690", rank=1), alert("B", "ICU", "300", None)]

    assert order(*rows) == [("A", "ICU", Decimal(700)), ("B", "ICU", Decimal(300))]
