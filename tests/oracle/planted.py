"""Bugs to plant into faultless evidence: each is what a real mistake of the product would leave behind."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from tests.oracle.values import BILLING, DEAD_LETTERS, SCANS, SETTLEMENT, VERDICTS, Evidence, Record, Row

Tables = dict[str, list[dict[str, Any]]]
Topics = dict[str, list[Record]]
Bug = Callable[[Tables, Topics], None]


def planted(evidence: Evidence, bug: Bug) -> Evidence:
    """A copy of the evidence with the bug in it."""
    tables = {view: [dict(row) for row in rows] for view, rows in evidence.tables.items()}
    topics = {topic: list(records) for topic, records in evidence.topics.items()}
    bug(tables, topics)
    return Evidence(tables, topics)


def _first(rows: Sequence[Row], **wanted: object) -> Any:
    return next(row for row in rows if all(row[column] == value for column, value in wanted.items()))


def _drop(tables: Tables, view: str, **wanted: object) -> None:
    tables[view].remove(_first(tables[view], **wanted))


def _change(tables: Tables, view: str, change: Mapping[str, object], **wanted: object) -> None:
    _first(tables[view], **wanted).update(change)


def _again(tables: Tables, view: str, change: Mapping[str, object], **wanted: object) -> None:
    tables[view].append({**_first(tables[view], **wanted), **change})


def _swap(topics: Topics, topic: str, apart: int = 1) -> None:
    """Exchange two records of one lane, with their numbers: both sides agree, the order is wrong."""
    records = topics[topic]
    places = [place for place, record in enumerate(records) if record.partition == records[0].partition]
    one, other = places[0], places[apart]
    records[one], records[other] = (
        replace(records[other], headers=records[one].headers),
        replace(records[one], headers=records[other].headers),
    )


def _swap_of_one_encounter(topics: Topics) -> None:
    """Exchange two charges of one encounter; the charges of a lane that were billed at once."""
    records = topics[BILLING]
    charges: dict[tuple[int, str], int] = {}
    for place, record in enumerate(records):
        body = json.loads(record.value or b"")
        lane = (record.partition, body["encounter"])
        if body["kind"] == "charge" and lane in charges:
            one = charges[lane]
            records[one], records[place] = record, records[one]
            return
        if body["kind"] == "charge":
            charges[lane] = place


def _credit_first(topics: Topics) -> None:
    records = topics[BILLING]
    for place, record in enumerate(records):
        if json.loads(record.value or b"")["kind"] == "credit":
            records.insert(0, records.pop(place))
            return


def _changed_body(record: Record, **fields: object) -> Record:
    return replace(record, value=json.dumps(json.loads(record.value or b"") | fields).encode())


def _change_record(topics: Topics, topic: str, place: int, **fields: object) -> None:
    topics[topic][place] = _changed_body(topics[topic][place], **fields)


def _change_raw(topics: Topics, topic: str, place: int, value: bytes) -> None:
    topics[topic][place] = replace(topics[topic][place], value=value)


def _tell_otherwise(topics: Topics) -> None:
    """The last word on a use that is billed is another."""
    records = topics[VERDICTS]
    place = max(place for place, record in enumerate(records) if json.loads(record.value or b"")["verdict"] == "billed")
    _change_record(topics, VERDICTS, place, verdict="held")


def _lose(topics: Topics, topic: str, place: int) -> None:
    del topics[topic][place]


def _bill_a_contest_twice(tables: Tables) -> None:
    """Another use of a unit that is held because the unit was used."""
    scan_id = next(row["scan_id"] for row in tables["scans"] if row["reasons"] == ["serial-used"])
    _change(tables, "scans", {"verdict": "billed", "reasons": []}, scan_id=scan_id)
    unit = next(row for row in tables["charges"] if row["serial"])
    tables["charges"].append({**unit, "billing_id": "b2", "scan_id": scan_id})


def _move_from(tables: Tables, prefix: str) -> dict[str, Any]:
    return next(row for row in tables["stock_moves"] if row["from_place"].startswith(prefix))


def _accept_twice(tables: Tables) -> None:
    tables["stock_moves"].append(dict(_move_from(tables, "in-transit/")))


def _give_back_of_the_shelf(tables: Tables) -> None:
    row = _move_from(tables, "lent/")
    row["from_place"] = row["from_place"].removeprefix("lent/")


def _clear_nothing(tables: Tables) -> None:
    row = next(row for row in tables["stock_moves"] if row["from_place"] == f"quarantine/{row['to_place']}")
    tables["stock_moves"].remove(row)


def _book_a_difference_of_nobody(tables: Tables) -> None:
    scan_id = _first(tables["scans"], reasons=["not-counted"])["scan_id"]
    _again(tables, "stock_moves", {"scan_id": scan_id, "from_place": "adjustment"})


def _over_credit(tables: Tables) -> None:
    credit = _first(tables["charges"], kind="credit")
    credit["amount"] += Decimal("0.01")


def _negative_quantity(tables: Tables) -> None:
    _change(tables, "charges", {"quantity": -1}, kind="credit")


BUGS: Final[tuple[tuple[str, str, Bug], ...]] = (
    ("a scan is lost", "every_accepted_scan_has_one_account", lambda t, _: _drop(t, "scans")),
    ("a scan stands twice", "every_accepted_scan_has_one_account", lambda t, _: _again(t, "scans", {})),
    (
        "a charge is lost",
        "every_charge_and_credit_that_is_due_is_in_the_ledger",
        lambda t, _: _drop(t, "charges", kind="charge"),
    ),
    (
        "a credit is lost",
        "every_charge_and_credit_that_is_due_is_in_the_ledger",
        lambda t, _: _drop(t, "charges", kind="credit"),
    ),
    (
        "a scan is charged twice",
        "no_scan_is_charged_or_credited_twice",
        lambda t, _: _again(t, "charges", {"billing_id": "b2"}),
    ),
    (
        "a return is credited twice",
        "no_scan_is_charged_or_credited_twice",
        lambda t, _: _again(t, "charges", {"billing_id": "b2"}, kind="credit"),
    ),
    (
        "a serial is billed to two",
        "a_serial_numbered_unit_is_billed_to_one_at_a_time",
        lambda t, _: _bill_a_contest_twice(t),
    ),
    (
        "a billing id is used twice",
        "billing_ids_are_unique",
        lambda t, _: _change(t, "charges", {"billing_id": t["charges"][1]["billing_id"]}),
    ),
    (
        "a charge nobody scanned",
        "nothing_is_in_the_books_that_nobody_scanned",
        lambda t, _: _again(t, "charges", {"scan_id": "x", "billing_id": "b2"}),
    ),
    (
        "a held use is charged",
        "nothing_is_in_the_books_that_nobody_scanned",
        lambda t, _: _change(t, "charges", {"scan_id": _first(t["scans"], verdict="held")["scan_id"]}),
    ),
    (
        "a verdict is wrong",
        "every_verdict_is_the_models",
        lambda t, _: _change(t, "scans", {"verdict": "held"}, verdict="billed"),
    ),
    (
        "a reason is wrong",
        "every_verdict_is_the_models",
        lambda t, _: _change(t, "scans", {"reasons": ["late"]}, verdict="held"),
    ),
    (
        "a box counts as one",
        "every_verdict_is_the_models",
        lambda t, _: _change(t, "scans", {"quantity": 1}, quantity=10),
    ),
    (
        "a cent is missing",
        "every_amount_is_exact",
        lambda t, _: _change(t, "charges", {"amount": t["charges"][0]["amount"] - Decimal("0.01")}),
    ),
    ("a wrong month", "every_amount_is_exact", lambda t, _: _change(t, "charges", {"period": "2024-07"})),
    ("more is credited than charged", "credits_name_their_charge_and_never_exceed_it", lambda t, _: _over_credit(t)),
    ("a negative credit", "credits_name_their_charge_and_never_exceed_it", lambda t, _: _negative_quantity(t)),
    (
        "a credit of nothing",
        "credits_name_their_charge_and_never_exceed_it",
        lambda t, _: _change(t, "charges", {"reverses": "x"}, kind="credit"),
    ),
    (
        "another hospital's row",
        "no_row_belongs_to_another_hospital",
        lambda t, _: _change(t, "charges", {"hospital": "H2"}),
    ),
    (
        "a scan nobody sent",
        "the_inputs_hold_what_was_sent_and_nothing_else",
        lambda _, p: _change_raw(p, SCANS, 0, b"stranger"),
    ),
    (
        "a position stands still",
        "positions_have_passed_every_record",
        lambda t, _: _change(t, "positions", {"next_offset": 1}),
    ),
    (
        "an offset was skipped",
        "every_offset_has_one_verdict_and_ticks_have_none",
        lambda t, _: _drop(t, "verdicts", verdict="duplicate"),
    ),
    (
        "an offset was decided twice",
        "every_offset_has_one_verdict_and_ticks_have_none",
        lambda t, _: _again(t, "verdicts", {}, verdict="duplicate"),
    ),
    (
        "a verdict of no record",
        "every_offset_has_one_verdict_and_ticks_have_none",
        lambda t, _: _again(t, "verdicts", {"record_offset": 999_999}),
    ),
    (
        "a duplicate is called a conflict",
        "every_first_verdict_fits_its_record",
        lambda t, _: _change(t, "verdicts", {"verdict": "conflict"}, verdict="duplicate"),
    ),
    (
        "poison is recorded",
        "every_first_verdict_fits_its_record",
        lambda t, _: _change(t, "verdicts", {"verdict": "recorded"}, verdict="refused"),
    ),
    (
        "a wrong reason to refuse",
        "every_first_verdict_fits_its_record",
        lambda t, _: _change(t, "verdicts", {"reasons": ["late"]}, verdict="refused"),
    ),
    (
        "a dead letter is lost",
        "dead_letters_carry_the_raw_bytes_and_their_origin",
        lambda _, p: _lose(p, DEAD_LETTERS, -1),
    ),
    (
        "a dead letter is mended",
        "dead_letters_carry_the_raw_bytes_and_their_origin",
        lambda _, p: _change_raw(p, DEAD_LETTERS, 0, b"{}"),
    ),
    (
        "a record is published twice",
        "every_topic_counts_from_one_without_gaps",
        lambda _, p: p[BILLING].append(p[BILLING][0]),
    ),
    ("a record is not published", "every_topic_counts_from_one_without_gaps", lambda _, p: _lose(p, BILLING, 0)),
    (
        "two records change places",
        "every_topic_counts_from_one_without_gaps",
        lambda _, p: p[VERDICTS].insert(1, p[VERDICTS].pop(0)),
    ),
    ("the last record is missing", "every_topic_is_the_outbox", lambda _, p: _lose(p, VERDICTS, -1)),
    ("a body is changed on its way", "every_topic_is_the_outbox", lambda _, p: _change_record(p, VERDICTS, 0, more=1)),
    ("an id is changed on its way", "every_topic_is_the_outbox", lambda t, _: _change(t, "outbox", {"id": "x"})),
    (
        "billing says another amount",
        "the_billing_topic_is_the_ledger",
        lambda _, p: _change_record(p, BILLING, 0, amount="0.01"),
    ),
    (
        "billing of no entry",
        "the_billing_topic_is_the_ledger",
        lambda _, p: _change_record(p, BILLING, 0, billing_id="x"),
    ),
    (
        "settlement of no line",
        "the_settlement_topic_is_the_settlement",
        lambda _, p: _change_record(p, SETTLEMENT, 0, line_id="x"),
    ),
    (
        "settlement to another supplier",
        "the_settlement_topic_is_the_settlement",
        lambda _, p: _change_record(p, SETTLEMENT, 0, supplier="x"),
    ),
    (
        "charges of an encounter change places",
        "what_is_billed_at_once_is_published_in_the_order_of_the_scans",
        lambda _, p: _swap_of_one_encounter(p),
    ),
    ("a credit before its charge", "every_credit_follows_its_charge", lambda _, p: _credit_first(p)),
    (
        "verdicts change places",
        "first_verdicts_are_published_in_the_order_of_the_offsets",
        lambda _, p: _swap(p, VERDICTS, 34),
    ),
    (
        "the device was told otherwise",
        "the_newest_verdict_told_is_the_one_that_stands",
        lambda _, p: _tell_otherwise(p),
    ),
    ("a balance is wrong", "stock_is_the_sum_of_its_moves", lambda t, _: _change(t, "stock", {"quantity": 1000})),
    ("a move is lost", "every_scan_moves_what_it_says_and_once", lambda t, _: _drop(t, "stock_moves")),
    ("a move stands twice", "every_scan_moves_what_it_says_and_once", lambda t, _: _again(t, "stock_moves", {})),
    ("goods are accepted twice", "every_scan_moves_what_it_says_and_once", lambda t, _: _accept_twice(t)),
    (
        "goods are given back from the borrower's shelf",
        "every_scan_moves_what_it_says_and_once",
        lambda t, _: _give_back_of_the_shelf(t),
    ),
    ("goods that are cleared stay locked", "every_scan_moves_what_it_says_and_once", lambda t, _: _clear_nothing(t)),
    (
        "a difference nobody posted is booked",
        "every_scan_moves_what_it_says_and_once",
        lambda t, _: _book_a_difference_of_nobody(t),
    ),
    (
        "a usage is wrong",
        "usage_is_the_recount_of_the_ledger_and_the_recorded_uses",
        lambda t, _: _change(t, "usage_months", {"quantity": 1}),
    ),
    (
        "a usage is lost",
        "usage_is_the_recount_of_the_ledger_and_the_recorded_uses",
        lambda t, _: _drop(t, "usage_months", scope_type="department"),
    ),
    ("a settlement line is lost", "settlement_is_the_use_of_the_suppliers_goods", lambda t, _: _drop(t, "settlement")),
    (
        "a return is not reversed",
        "settlement_is_the_use_of_the_suppliers_goods",
        lambda t, _: _change(t, "settlement", {"status": "open"}, status="reversal"),
    ),
    (
        "a charge is parked for ever",
        "nothing_is_parked_whose_facts_have_come",
        lambda t, _: _again(t, "parked", {"scan_id": _first(t["scans"], verdict="billed")["scan_id"]}),
    ),
)
"""What the bug is, the invariant that must find it (others may, too), and how it is planted."""
