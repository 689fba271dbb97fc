"""The checker's own parts: the log, the labels, the plan, the model's arithmetic."""

from collections import Counter
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle.model import Account, Hospital, Move, accounts
from tests.oracle.values import Facts
from tests.oracle.world.generator import plan
from tests.oracle.world.goods import BY_NAME, CONFIRMING, gtin14, item_row, label, stay_row, stays, store_row
from tests.oracle.world.intents import IntentLog

ACTIONS = (
    "use", "return", "opened", "waste", "receive", "transfer", "count", "accept", "lend", "give-back", "quarantine",
    "clear", "missing", "found", "send-back", "identify",
)  # fmt: skip
"""All that the contract has: written here again, for the checker shares nothing with the product."""


def test_the_log_gives_back_what_was_written(tmp_path: Path) -> None:
    made = plan(1, 300, lanes=4)
    log = IntentLog(tmp_path / "intents.jsonl")

    log.append(made.early)
    log.append(made.scans)

    assert log.read() == [*made.early, *made.scans]


def test_a_half_line_at_the_end_of_the_log_was_never_sent(tmp_path: Path) -> None:
    made = plan(1, 10, lanes=4)
    path = tmp_path / "intents.jsonl"
    IntentLog(path).append(made.scans)
    path.write_bytes(path.read_bytes()[:-5])

    assert IntentLog(path).read() == list(made.scans[:-1])


def test_the_log_is_empty_before_the_first_intent(tmp_path: Path) -> None:
    assert IntentLog(tmp_path / "intents.jsonl").read() == []


@pytest.mark.parametrize(
    ("payload", "gtin"), [("0061414199999", "00614141999996"), ("0629104150021", "06291041500213")]
)
def test_check_digits_are_those_of_gs1s_own_examples(payload: str, gtin: str) -> None:
    assert gtin14(payload) == gtin


def test_a_label_is_an_element_string_with_a_separator_after_the_lot() -> None:
    assert label("00614141000734", expiry="270131", lot="L1", serial="S1") == (
        "]d201006141410007341727013110L1\x1d21S1"
    )


def test_the_same_seed_gives_the_same_plan() -> None:
    assert plan(7, 200, lanes=4) == plan(7, 200, lanes=4)
    assert plan(7, 200, lanes=4) != plan(8, 200, lanes=4)


def test_a_plan_holds_everything_that_goes_wrong() -> None:
    made = plan(1, 3000, lanes=4)
    sent = Counter((intent.key, intent.value) for intent in made.scans)

    assert {intent.facts.refusal for intent in made.scans} == {
        "", "not-json", "bad-event", "key-mismatch", "bad-check-digit", "not-a-udi",
    }  # fmt: skip
    assert {intent.facts.action for intent in made.scans if intent.facts.kind == "scan"} == set(ACTIONS)
    assert max(sent.values()) > 1


def hospital() -> Hospital:
    facts = [*(item_row(goods) for goods in BY_NAME.values()), *(stay_row(stay) for stay in stays(2))]
    return Hospital.of([*facts, store_row(CONFIRMING, confirms=True), store_row("CENTRAL", confirms=False)])


def facts(scan_id: str, action: str = "use", *, quantity: int = 1, serial: str | None = None, of: str = "") -> Facts:
    goods = BY_NAME["valve" if serial else "suture"]
    return Facts(
        "scan", scan_id=scan_id, action=action, item=goods.code, issuer="GS1", di=goods.di, lot="L1", serial=serial,
        quantity=quantity, store="OR-1", encounter="E0", corrects=of or None,
        scanned_at="2024-05-31T23:59:59.999+08:00",
    )  # fmt: skip


def test_partial_credits_add_up_to_the_charge_to_the_cent() -> None:
    lane = [facts("u", quantity=3), *(facts(f"r{number}", "return", of="u") for number in range(3))]

    found = accounts({0: lane}, hospital())

    assert {scan_id: account.amount for scan_id, account in found.items()} == {
        "u": Decimal("100.01"), "r0": Decimal("33.34"), "r1": Decimal("33.34"), "r2": Decimal("33.33"),
    }  # fmt: skip
    assert found["r0"] == Account(
        lane[1], "credited", amount=Decimal("33.34"), credits_of="u", payable=Decimal("20.05"),
        move=Move("patient", "OR-1", "S-0", "I-suture", "L1", None, 1),
    )  # fmt: skip


def test_a_return_beyond_what_is_left_is_held_whole() -> None:
    lane = [
        facts("u", quantity=3),
        facts("r0", "return", quantity=2, of="u"),
        facts("r1", "return", quantity=2, of="u"),
    ]

    found = accounts({0: lane}, hospital())

    assert (found["r1"].verdict, found["r1"].reason, found["r1"].amount) == ("held", "over-return", None)


def test_a_return_that_came_first_is_credited_when_its_use_comes() -> None:
    found = accounts({0: [facts("r", "return", of="u"), facts("u")]}, hospital())

    assert (found["u"].verdict, found["r"].verdict) == ("billed", "credited")


def test_a_serial_used_again_is_held_until_the_first_is_returned() -> None:
    twice = [facts("a", serial="S"), facts("b", serial="S")]

    held = accounts({0: twice}, hospital())
    freed = accounts({0: [*twice, facts("r", "return", serial="S", of="a")]}, hospital())

    assert (held["a"].verdict, held["b"].verdict, held["b"].reason) == ("billed", "held", "serial-used")
    assert [freed[scan_id].verdict for scan_id in "abr"] == ["billed", "billed", "credited"]


def test_uses_of_one_unit_on_two_lanes_are_a_contest() -> None:
    found = accounts({0: [facts("a", serial="S")], 1: [facts("b", serial="S")]}, hospital())

    unit = (BY_NAME["valve"].di, "S")
    assert {scan_id: asdict(account)["contest"] for scan_id, account in found.items()} == {"a": unit, "b": unit}


@pytest.mark.parametrize(
    ("action", "to_store", "way"),
    [
        ("transfer", CONFIRMING, ("OR-1", f"in-transit/{CONFIRMING}")),
        ("transfer", "CENTRAL", ("OR-1", "CENTRAL")),
        ("accept", None, ("in-transit/OR-1", "OR-1")),
        ("lend", "OR-2", ("OR-1", "lent/OR-2")),
        ("give-back", "OR-2", ("lent/OR-1", "OR-2")),
        ("quarantine", None, ("OR-1", "quarantine/OR-1")),
        ("clear", None, ("quarantine/OR-1", "OR-1")),
    ],
)
def test_a_store_s_goods_go_the_way_of_the_contract(action: str, to_store: str | None, way: tuple[str, str]) -> None:
    found = accounts({0: [replace(facts("s", action), to_store=to_store)]}, hospital())

    assert found["s"].move == Move(*way, "S-0", "I-suture", "L1", None, 1)


def test_what_comes_in_expired_is_locked_away_and_sent_back_from_there() -> None:
    came, back = replace(facts("r", "receive"), expired=True), replace(facts("b", "send-back"), locked=True)

    found = accounts({0: [came, back]}, hospital())

    assert [(move.from_place, move.to_place) for scan_id in "rb" if (move := found[scan_id].move)] == [
        ("supplier", "quarantine/OR-1"), ("quarantine/OR-1", "supplier"),
    ]  # fmt: skip


def test_what_is_sent_back_and_lies_in_two_places_leaves_quarantine_first() -> None:
    back = replace(facts("b", "send-back"), quantity=4, cleared=3)

    found = accounts({0: [back]}, hospital())["b"]

    assert found.cleared == Move("quarantine/OR-1", "OR-1", "S-0", "I-suture", "L1", None, 3)
    assert found.move == Move("OR-1", "supplier", "S-0", "I-suture", "L1", None, 4)


@pytest.mark.parametrize("action", ["missing", "found"])
def test_a_difference_that_nobody_posted_is_held_and_moves_nothing(action: str) -> None:
    said = facts("d", action)

    assert accounts({0: [said]}, hospital()) == {"d": Account(said, "held", "not-counted")}
