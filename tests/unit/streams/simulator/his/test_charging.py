"""The simulated HIS: its lines are right by the wire model, and the truth tells of its errors and of nothing else."""

from collections import Counter

from models.money import parse_fen
from models.reconciling.his_charge import HisCharge, read_his_charge
from models.wire.strict_json import Refusal
from models.wire.topics import HIS_CHARGES
from streams.simulator.account.entries import Entry, fen
from streams.simulator.his.lines import estimate
from tests.unit.streams.simulator.conftest import PLAN, Run


def standing(run: Run) -> dict[str, HisCharge]:
    newest: dict[str, HisCharge] = {}
    for record in run.records(HIS_CHARGES):
        read = read_his_charge(record.key, record.value)
        if not isinstance(read, Refusal):
            newest[read[0].line_id] = read[0]
    return {line_id: line for line_id, line in newest.items() if not line.cancelled}


def charged(run: Run) -> list[Entry]:
    return [entry for entry in run.truth.account.entries.values() if entry.verdict == "billed" and entry.left]


def test_lines_are_valid_by_the_wire_model_and_bad_ones_are_refused_as_told(run: Run) -> None:
    found: Counter[str] = Counter()
    for record in run.records(HIS_CHARGES):
        read = read_his_charge(record.key, record.value)
        found["lines" if not isinstance(read, Refusal) else f"refused:{read.reason}"] += 1
    assert found == run.truth.his.records
    assert found["refused:bad-event"] == 3 * PLAN.months


def test_money_of_the_lines_less_that_of_the_uses_is_that_of_the_differences(run: Run) -> None:
    """To the fen, but for those that parts rounded one by one lose or win, and for scans that wait, charged by hand."""
    lines, entries = standing(run), charged(run)
    told = run.truth.differences()
    rounded = sum(
        line.amount - entry.owed
        for entry in entries
        if (booked := run.truth.his.booked.get(entry.scan_id)) is not None
        for line in booked.lines
        if (line.price, line.quantity) == (entry.price, entry.left) and line.amount != entry.owed
        # What is told of already says it to the fen.
        if line.line_id not in {each.line_id for each in told}
    )
    by_hand = sum(
        fen(line.quantity, estimate(booked.entry))
        for booked in run.truth.his.booked.values()
        for line in booked.lines
        if booked.error == "by-hand" and booked.entry is not None
    )
    due = sum(entry.owed for entry in entries) + rounded + by_hand
    due += sum(each.expected_fen for each in told if each.cause == "not-charged-yet")
    assert sum(parse_fen(line.amount) for line in lines.values()) - due == sum(
        each.found_fen - each.expected_fen for each in told
    )


def test_a_use_has_one_difference_at_most_and_a_line_too(run: Run) -> None:
    told = run.truth.differences()
    for ids in ([each.scan_id for each in told], [each.line_id for each in told]):
        counts = Counter(id_ for id_ in ids if id_ is not None)
        assert set(counts.values()) == {1}


def test_every_kind_aspect_and_cause_is_seeded(run: Run) -> None:
    told = run.truth.differences()
    assert {each.kind for each in told} == {"missed", "wrong", "extra"}
    assert {aspect for each in told for aspect in each.aspects} == {"code", "price", "quantity", "patient"}
    assert {each.cause for each in told} == {
        "not-posted", "not-charged-yet", "other-item", "other-insurance-code", "other-price", "more-than-used",
        "less-than-used", "other-patient", "charged-twice", "not-chargeable", "returned", "not-scanned",
    }  # fmt: skip


def test_about_as_many_errors_are_made_as_the_docs_say(run: Run) -> None:
    told, uses = Counter(each.kind for each in run.truth.differences() if each.cause != "not-charged-yet"), charged(run)
    shares = {kind: round(100 * count / len(uses), 1) for kind, count in told.items()}
    assert 1.5 < shares["missed"] < 2.7
    assert 0.7 < shares["wrong"] < 1.3
    assert 0.7 < shares["extra"] < 1.5


def test_at_least_half_of_the_lines_keep_nothing_of_the_charge(run: Run) -> None:
    lines = standing(run).values()
    bare = sum((line.billing_id, line.lot, line.serial) == (None, None, None) for line in lines)
    assert len(lines) / 2 <= bare < len(lines) * 0.7


def test_lines_are_cancelled_when_what_they_are_for_changes(run: Run) -> None:
    for entry in charged(run):
        booked = run.truth.his.booked[entry.scan_id]
        if booked.error is None and booked.lines:
            line = booked.lines[0]
            assert (line.quantity, line.price, line.item_code) == (
                entry.left,
                entry.price,
                entry.unit.goods.code if entry.unit else None,
            )
    cancelled = sum(b'"cancelled":true' in (record.value or b"") for record in run.records(HIS_CHARGES))
    assert cancelled > 20
