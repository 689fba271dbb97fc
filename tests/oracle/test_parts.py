"""The checker's own parts: the log, the labels, the plan, the model's arithmetic."""

from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracle.model import Account, Hospital, Move, accounts
from tests.oracle.values import Facts
from tests.oracle.world.generator import plan
from tests.oracle.world.goods import BY_NAME, gtin14, item_row, label, stay_row, stays
from tests.oracle.world.intents import IntentLog


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
    assert {intent.facts.action for intent in made.scans} >= {"use", "return", "receive", "transfer", "waste", "opened"}
    assert max(sent.values()) > 1


def hospital() -> Hospital:
    return Hospital.of([*(item_row(goods) for goods in BY_NAME.values()), *(stay_row(stay) for stay in stays(2))])


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
