"""Compare what happened with what must have happened."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from tests.oracle.case import Case, case_of
from tests.oracle.invariants import accounts, books, counts, offsets, topics
from tests.oracle.values import Evidence, Figures, Intent, Violation

Invariant = Callable[[Case], Iterator[str]]

LOST: Final[tuple[Invariant, ...]] = (
    accounts.every_accepted_scan_has_one_account,
    accounts.every_charge_and_credit_that_is_due_is_in_the_ledger,
)
DOUBLE: Final[tuple[Invariant, ...]] = (
    accounts.no_scan_is_charged_or_credited_twice,
    accounts.a_serial_numbered_unit_is_billed_to_one_at_a_time,
    accounts.billing_ids_are_unique,
)
INVENTED: Final[tuple[Invariant, ...]] = (accounts.nothing_is_in_the_books_that_nobody_scanned,)
OTHERS: Final[tuple[Invariant, ...]] = (
    accounts.every_verdict_is_the_models,
    accounts.every_amount_is_exact,
    accounts.credits_name_their_charge_and_never_exceed_it,
    accounts.no_row_belongs_to_another_hospital,
    offsets.the_inputs_hold_what_was_sent_and_nothing_else,
    offsets.positions_have_passed_every_record,
    offsets.every_offset_has_one_verdict_and_ticks_have_none,
    offsets.every_first_verdict_fits_its_record,
    offsets.a_scan_on_several_lanes_is_one_scan,
    offsets.dead_letters_carry_the_raw_bytes_and_their_origin,
    topics.every_topic_counts_from_one_without_gaps,
    topics.every_topic_is_the_outbox,
    topics.the_billing_topic_is_the_ledger,
    topics.the_settlement_topic_is_the_settlement,
    topics.what_is_billed_at_once_is_published_in_the_order_of_the_scans,
    topics.every_credit_follows_its_charge,
    topics.first_verdicts_are_published_in_the_order_of_the_offsets,
    topics.the_newest_verdict_told_is_the_one_that_stands,
    books.stock_is_the_sum_of_its_moves,
    books.every_scan_moves_what_it_says_and_once,
    books.usage_is_the_recount_of_the_ledger_and_the_recorded_uses,
    books.settlement_is_the_use_of_the_suppliers_goods,
    books.nothing_is_parked_whose_facts_have_come,
    books.a_closed_period_gets_no_row,
    counts.a_posted_count_says_what_was_counted,
    counts.every_difference_of_a_count_is_booked,
    counts.a_counted_shelf_holds_what_was_counted_and_moved_since,
)
INVARIANTS: Final = (*LOST, *DOUBLE, *INVENTED, *OTHERS)


def check(intents: Sequence[Intent], evidence: Evidence) -> list[Violation]:
    """Every broken promise; empty when all hold."""
    case = case_of(intents, evidence)
    return [violation for invariant in INVARIANTS for violation in _broken(invariant, case)]


def figures(intents: Sequence[Intent], evidence: Evidence) -> Figures:
    """What the run has to tell."""
    case = case_of(intents, evidence)
    kinds = [row["verdict"] for rows in case.verdicts.values() for row in rows]

    def count(invariants: Iterable[Invariant]) -> int:
        return sum(len(_broken(invariant, case)) for invariant in invariants)

    return Figures(
        scans=len(case.accounts),
        offsets=sum(offset.kind != "tick" for offset in case.offsets),
        duplicates_absorbed=kinds.count("duplicate"),
        conflicts=kinds.count("conflict"),
        refused=kinds.count("refused"),
        charges=sum(map(len, case.charges.values())),
        credits=sum(map(len, case.credits.values())),
        lost=count(LOST),
        double=count(DOUBLE),
        invented=count(INVENTED),
        wrong=count(OTHERS),
    )


def _broken(invariant: Invariant, case: Case) -> list[Violation]:
    return [Violation(invariant.__name__, what) for what in invariant(case)]


def report(violations: Sequence[Violation], *, per_rule: int = 3) -> str:
    """For people: how often each promise is broken, and the first cases."""
    rules = sorted({violation.rule for violation in violations})
    lines = []
    for rule in rules:
        cases = [violation.what for violation in violations if violation.rule == rule]
        lines += [f"{rule}: {len(cases)}", *(f"    {what[:300]}" for what in islice(cases, per_rule))]
    return "\n".join(lines)
