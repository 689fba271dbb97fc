"""Control runs: each protection switched off in turn, and the promise that must break then.

A harness that cannot fail proves nothing. Protections of the database are taken out of its functions by name of their
text, so that a control that no longer fits says so; those of the relay are replaced in its process (`sabotaged`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tests.chaos.rig import Fault, freeze_a_worker, kill_a_relay
from tests.oracle.readers import psql

RECORD: Final = "udi.record_4"
NEVER: Final = "IF false THEN"
ANYWAY: Final = "ON CONFLICT DO NOTHING"
"""Who finds a claim taken goes on as if it were his."""
FIRST: Final = "    -- 1. The lane row by key"


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of a database function and what stands there instead."""

    function: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Control:
    """One protection, how to do without it, and how that must show."""

    name: str
    protection: str
    """What is switched off, in words."""
    broken: frozenset[str]
    """Invariants of which at least one must find a violation."""
    named: tuple[str, ...] = ()
    """What violations must say, each of it: which of several kinds of scans were noticed."""
    edits: tuple[Edit, ...] = ()
    statements: tuple[str, ...] = ()
    """SQL that is run besides."""
    patch: str = ""
    """What `sabotaged` replaces in the services."""
    stories: tuple[str, ...] = ()
    """What is scanned; empty: everything."""
    faults: tuple[Fault, ...] = ()
    per_second: float = 0
    """How fast; 0: as fast as possible, so that lanes meet."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More settings of the services."""
    facts_amid: bool = False
    """Whether the late facts come while scans flow."""


SLOW: Final = Edit(RECORD, FIRST, f"    PERFORM pg_sleep(0.1);\n{FIRST}")
"""A slow database: between gathering and recording there is time for another lane, or another worker."""

FACTS: Final = "CROSS JOIN udi.fact_counter f"
SLOW_GATHER: Final = Edit("udi.gather", FACTS, f"{FACTS} CROSS JOIN LATERAL (SELECT pg_sleep(0.1)) slow")
"""A slow snapshot: a frozen worker most likely has facts in its hands by which it has not yet recorded."""

CONTROLS: Final = (
    Control(
        "scan-claims",
        "a scan id is claimed by one lane",
        frozenset(
            {
                "a_scan_on_several_lanes_is_one_scan",
                "billing_ids_are_unique",
                "every_scan_moves_what_it_says_and_once",
            }
        ),
        named=("(accept)",),
        edits=(SLOW, Edit(RECORD, "ORDER BY scan_id, hospital", f"ORDER BY scan_id, hospital {ANYWAY}")),
        stories=("a_use_resent_on_another_lane", "goods_on_their_way"),
    ),
    Control(
        "unit-claims",
        "a serial-numbered unit is claimed by one use",
        frozenset({"a_serial_numbered_unit_is_billed_to_one_at_a_time"}),
        edits=(
            SLOW,
            Edit(RECORD, "ORDER BY serial, di, issuer, hospital", f"ORDER BY serial, di, issuer, hospital {ANYWAY}"),
        ),
        stories=("a_contested_serial",),
    ),
    Control(
        "store-ways",
        "what stores accept, give back and clear leaves the place it was put to",
        frozenset({"every_scan_moves_what_it_says_and_once"}),
        named=("(accept)", "(give-back)", "(clear)"),
        patch="ways",
        stories=("goods_on_their_way", "goods_lent_and_given_back", "goods_locked_away"),
    ),
    Control(
        "compare-and-set",
        "a lane's position moves by compare-and-set (the keys of its rows and of its chain hold as well)",
        frozenset({"every_offset_has_one_verdict_and_ticks_have_none"}),
        edits=(
            SLOW_GATHER,
            Edit(RECORD, "IF l.version IS DISTINCT FROM p_version OR at_offset IS DISTINCT FROM p_lo THEN", NEVER),
        ),
        statements=(
            "ALTER TABLE udi.chain DROP CONSTRAINT chain_pkey CASCADE",
            "ALTER TABLE udi.scan DROP CONSTRAINT scan_pkey CASCADE",
            "ALTER TABLE udi.ledger DROP CONSTRAINT ledger_pkey CASCADE",
            "ALTER TABLE udi.settlement DROP CONSTRAINT settlement_pkey CASCADE",
            "ALTER TABLE udi.usage_delta DROP CONSTRAINT usage_delta_pkey CASCADE",
            "ALTER TABLE udi.open_scan DROP CONSTRAINT open_scan_pkey CASCADE",
        ),
        # Records without a claim: what has one is held by it as well.
        stories=("poison",),
        faults=(freeze_a_worker, freeze_a_worker),
        settings={"batch_records_max": "5"},
    ),
    Control(
        "facts-seen",
        "a lane has seen a fact only when it has decided its own parked scans by it",
        frozenset({"nothing_is_parked_whose_facts_have_come"}),
        edits=(Edit(RECORD, "greatest(facts_seen, p_facts_seen)", "greatest(facts_seen, p_facts)"),),
        per_second=150,
        facts_amid=True,
    ),
    Control(
        "relay-tail",
        "the relay goes on from the tail of the topic, not from what it remembers",
        frozenset({"every_topic_counts_from_one_without_gaps"}),
        patch="tail",
        faults=(kill_a_relay, kill_a_relay),
        per_second=150,
    ),
    Control(
        "relay-fence",
        "a relay is fenced by its successor even when the lease is wrong about who publishes",
        frozenset({"every_topic_counts_from_one_without_gaps"}),
        patch="fence",
        per_second=150,
    ),
)


def with_protection(control: Control) -> Control:
    """The same provocation with nothing switched off."""
    kept = tuple(edit for edit in control.edits if edit in (SLOW, SLOW_GATHER))
    return replace(control, edits=kept, statements=(), patch="")


def sabotage(url: str, control: Control) -> None:
    """Take the protection out of the database.

    Raises:
        LookupError: the function no longer holds what is to be taken out.
    """
    for edit in control.edits:
        source = psql(url, f"SELECT pg_get_functiondef('{edit.function}'::regproc)")
        if edit.old not in source:
            raise LookupError(f"{edit.function} no longer holds {edit.old!r}.")
        psql(url, source.replace(edit.old, edit.new))
    for statement in control.statements:
        psql(url, statement)
