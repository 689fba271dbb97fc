"""The truth ties in itself, and every scripted anomaly comes out as its script says."""

from collections import Counter, defaultdict
from dataclasses import astuple

import pytest

from models.calendar import Month, month_text
from streams.simulator import Truth
from streams.simulator.truth.alerts import Alert, percent, standing
from streams.simulator.truth.books import alert_row, entry_row, waste_rows
from streams.simulator.ward.scripted import MOM, NEW, SCRIPTS, TOP, Script
from tests.unit.streams.simulator.conftest import PLAN, Run

Sums = dict[tuple[str, str, str], list[int]]
KEY = ("rule", "measure", "scope_type", "scope", "item_code", "month")
MONTHS = [Month(month) for month in (202104, 202105, 202106, 202107)]


@pytest.fixture(scope="module")
def alerts(run: Run) -> dict[tuple[object, ...], Alert]:
    """Those that stand, by what names one of them."""
    return {tuple(row[name] for name in KEY): alert for alert in run.truth.alerts() if (row := alert_row(alert))}


def rows(truth: Truth) -> list[dict[str, object]]:
    return [entry_row(entry) for entry in truth.account.entries.values()]


def test_usage_is_charges_less_credits_and_recorded_uses_less_their_returns(run: Run) -> None:
    recount: Sums = defaultdict(lambda: [0, 0])
    uses = {entry.scan_id: entry for entry in run.truth.account.entries.values() if entry.action == "use"}
    for entry in uses.values():
        if entry.verdict in {"billed", "recorded"} and entry.quantity is not None and entry.unit is not None:
            key = (entry.department or "", entry.unit.goods.code, str(entry_row(entry)["service_month"]))
            recount[key][0] += entry.quantity - entry.returned
            recount[key][1] += entry.amount - entry.credited
    got = {(where, item, month_text(month)): sums for (where, item, month), sums in run.truth.account.usage.items()}
    assert {key: sums[0] for key, sums in got.items()} == {key: sums[0] for key, sums in recount.items()}
    billed = {entry.unit.goods.code for entry in uses.values() if entry.verdict == "recorded" and entry.unit}
    assert all(sums[1] == recount[key][1] for key, sums in got.items() if key[1] not in billed)


def test_credits_of_the_returns_are_what_the_uses_were_credited_before_and_since_a_re_rating(run: Run) -> None:
    entries = run.truth.account.entries.values()
    returned = sum(entry.amount for entry in entries if entry.verdict == "credited")
    left = sum(entry.owed for entry in entries if entry.verdict == "billed")
    posted = [posting for entry in entries if entry.verdict == "billed" for posting in entry.postings]
    charges = sum(posting.amount for posting in posted if posting.kind == "charge")
    assert charges - sum(posting.amount for posting in posted if posting.kind == "credit") - returned == left
    assert returned > 0
    assert all(0 <= entry.credited <= entry.amount for entry in entries if entry.verdict == "billed")


def test_a_charge_of_a_day_whose_price_changed_later_is_credited_and_charged_anew(run: Run) -> None:
    rerated = [entry for entry in run.truth.account.entries.values() if "re-rated" in entry.reasons]
    assert rerated
    for entry in rerated:
        kinds = [posting.kind for posting in entry.postings]
        assert kinds == ["charge", *["credit", "charge"] * (len(kinds) // 2)]
        for before, credit, anew in zip(entry.postings[::2], entry.postings[1::2], entry.postings[2::2], strict=False):
            assert credit.quantity == anew.quantity <= before.quantity
            assert (credit.price, credit.period) == (before.price, anew.period)
            assert anew.price != before.price
    assert {"period-closed" in entry.reasons for entry in rerated} == {True, False}
    assert len(rerated) < len(run.truth.account.entries) / 100


def test_waste_costs_what_it_cost_on_the_day_or_nobody_knows(run: Run) -> None:
    rows = list(waste_rows(run.truth.account))
    scans = [
        e for e in run.truth.account.entries.values() if e.action in {"opened", "waste"} and e.verdict == "recorded"
    ]
    assert sum(row["scans"] for row in rows) == len(scans)
    assert sum(row["quantity"] for row in rows) == sum(entry.quantity or 0 for entry in scans)
    assert {row["action"] for row in rows} == {"opened", "waste"}
    assert {row["amount_fen"] > 0 for row in rows} == {True, False}


def test_a_whole_return_takes_back_the_whole_amount(run: Run) -> None:
    whole = [e for e in run.truth.account.entries.values() if e.verdict == "billed" and e.returned == e.quantity]
    assert whole
    assert {entry.amount - entry.credited for entry in whole} == {0}


def test_the_hospital_uses_what_its_departments_use(run: Run) -> None:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (scope_type, _, _, _), (quantity, amount) in run.truth.usage().items():
        sums[scope_type][0] += quantity
        sums[scope_type][1] += amount
    assert sums["hospital"] == sums["department"]


def test_stock_is_what_came_in_less_what_went_out(run: Run) -> None:
    signs = {"receive": 1, "return": 1, "use": -1, "opened": -1, "waste": -1, "missing": -1, "found": 1,
             "send-back": -1}  # fmt: skip
    moved = sum(
        signs.get(entry.action, 0) * (entry.quantity or 0)
        for entry in run.truth.account.entries.values()
        if entry.moved or (entry.action in signs.keys() - {"use", "return"} and entry.verdict == "recorded")
    )
    back = sum(e.returned for e in run.truth.account.entries.values() if e.action == "use" and e.moved)
    assert sum(run.truth.account.stock.values()) == moved + back


def test_a_supplier_is_owed_what_was_used_of_its_goods_and_not_returned(run: Run) -> None:
    owed: Counter[str] = Counter()
    for (supplier, _, _, status), (quantity, _) in run.truth.account.owing.lines.items():
        owed[supplier] += -quantity if status == "reversal" else quantity
    used: Counter[str] = Counter()
    for entry in run.truth.account.entries.values():
        if entry.action == "use" and entry.moved and entry.unit is not None and entry.owner(entry.unit) != "hospital":
            used[entry.unit.supplier] += (entry.quantity or 0) - entry.returned
    assert owed == used


def test_money_of_a_late_scan_is_posted_to_the_first_open_month(run: Run) -> None:
    late = [row for row in rows(run.truth) if "period-closed" in row["reasons"]]  # type: ignore[operator]
    assert late
    assert all(str(row["period"]) > str(row["service_month"]) for row in late)
    posted = [row for row in rows(run.truth) if row["verdict"] in {"billed", "credited"}]
    assert {row["service_month"] == row["period"] for row in posted if not row["reasons"]} == {True}


def test_most_stock_is_positive_and_some_is_not(run: Run) -> None:
    below = sum(1 for quantity in run.truth.account.stock.values() if quantity < 0)
    assert 0 < below < len(run.truth.account.stock) // 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_scripted_anomaly_comes_out_as_its_script_says(
    script: Script, run: Run, alerts: dict[tuple[object, ...], Alert]
) -> None:
    expected = [row for row in run.truth.anomalies() if row["name"] == script.name]
    assert expected
    for row in expected:
        alert = alerts.get(tuple(row[name] for name in KEY))
        assert (alert is not None) == row["fires"], row
        for name in ("change_percent", "rank", "months_in_a_row"):
            assert alert is None or row[name] is None or getattr(alert, name) == row[name], (row, alert)


def test_alerts_tell_of_monitored_items_after_the_first_month_only(
    run: Run, alerts: dict[tuple[object, ...], Alert]
) -> None:
    assert {alert.item_code for alert in alerts.values()} <= run.truth.monitored
    assert min(alert.month for alert in alerts.values()) == PLAN.month(1)


def figures(*values: tuple[str, int, int]) -> list[tuple[object, ...]]:
    """(rule, month, change, rank, run) of the quantity alerts of the hospital for (item, place of month, units)."""
    usage = {("hospital", "H1", item, MONTHS[place]): [units, 0] for item, place, units in values}
    found: list[Alert] = standing(usage, {item for item, _, _ in values}, MONTHS)
    return [(a.rule, *astuple(a)[4:6], a.change_percent, a.rank, a.months_in_a_row) for a in found]


def test_a_rise_is_compared_exactly_and_its_base_with_the_floor() -> None:
    assert figures(("A", 0, 50), ("A", 1, 60)) == [(MOM, "A", 202105, "20.00", None, None)]
    assert figures(("A", 0, 20_000), ("A", 1, 23_999)) == []
    assert figures(("A", 0, 5), ("A", 1, 6)) == [(MOM, "A", 202105, "20.00", None, None)]
    assert figures(("A", 0, 4), ("A", 1, 8)) == []


def test_a_new_item_has_no_base_and_the_first_month_none_either() -> None:
    assert figures(("A", 1, 5), ("B", 0, 9)) == [(NEW, "A", 202105, None, None, None)]
    assert figures(("A", 1, 4), ("B", 0, 9)) == []


def test_ties_at_the_third_place_all_count_and_a_month_without_use_resets() -> None:
    same = [
        (item, place, units) for place in range(3) for item, units in (("A", 9), ("B", 8), ("C", 7), ("D", 7), ("E", 6))
    ]
    assert figures(*same) == [
        (TOP, item, 202106, None, rank, 3) for item, rank in (("A", 1), ("B", 2), ("C", 3), ("D", 3))
    ]
    gap = [("A", place, 9) for place in (0, 1, 3)]
    assert [row[0] for row in figures(*gap)] == [NEW]


def test_per_cent_are_rounded_half_up() -> None:
    assert [percent(19_995, 100_000), percent(1, 3), percent(19_994, 100_000)] == ["20.00", "33.33", "19.99"]
