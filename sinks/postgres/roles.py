"""Who may do what in the database: one role a service, and books that take new rows only, by grant and by trigger.

Applied at every `udi init`, after the migrations; again changes nothing. Roles belong to the whole server: where they
are there already, with a password and LOGIN (deploy/postgres), they are only granted to. Nobody who runs owns a table.

References:
    PostgreSQL 18, 5.8 "Privileges"; CREATE VIEW, `security_invoker`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

WORKER: Final = "udi_worker"
RELAY: Final = "udi_relay"
SCHEDULER: Final = "udi_scheduler"
GATEWAY: Final = "udi_gateway"
OPERATOR: Final = "udi_operator"
"""Whose commands change something: `udi held`, `udi month close`, `udi relay`, `udi verify`."""
READER: Final = "udi_reader"
"""Auditors, BI tools, boards: the views of `report` alone."""
ROLES: Final = (WORKER, RELAY, SCHEDULER, GATEWAY, OPERATOR, READER)

BOOKS: Final = (
    "scan", "decision", "scan_claim", "use_change", "ledger", "settlement", "waste_cost", "alert", "catalogue",
    "encounter", "fact_change", "period_close", "lot_shape", "reading", "scanner", "pair", "command",
    "command_outcome", "assignment", "correction", "case_close", "case_proof", "his_line", "difference", "discharge",
    "income", "recall", "recall_closing", "rule", "rule_switch", "intervention", "control", "watch_finding",
    "review_entry", "installation", "verification", "chain", "seal", "statement", "statement_line", "statement_mark",
    "store", "delivery",
)  # fmt: skip
"""Tables that take new rows only; a mistake is corrected by a row that names it."""
_OBSERVED: Final = (
    "position", "lane", "topic_counter", "relay_floor", "outbox_block", "open_scan", "alert", "open_case",
    "installation", "difference", "difference_standing", "balance", "lease", "intervention", "reading", "scanner",
    "scan", "decision", "recall_line", "watch_finding", "verification", "learned", "case_delta", "usage_delta",
    "close_pending", "command", "command_outcome", "fact_counter",
)  # fmt: skip
"""What a process looks at that observes for itself (`sinks/postgres/observation.py`)."""

Grants = Mapping[str, str]
"""Tables, with `*` for all of them, and what may be done; separated by blanks in both."""

_LEASE: Final = {"lease": "SELECT INSERT UPDATE DELETE"}
_NUMBERS: Final = "topic_counter lane fact_counter"
GRANTS: Final[Mapping[str, Grants]] = {
    WORKER: _LEASE | {
        "*": "SELECT",
        "scan decision scan_claim unit_claim use_change ledger settlement waste_cost balance store_item usage_delta "
        "case_delta open_scan outbox_block fact_change catalogue encounter position lane command_outcome reading pair "
        "his_line discharge income recall store delivery set_aside chain caseload_delta": "INSERT",
        "position lane balance store_item fact_counter set_aside": "UPDATE",
        "unit_claim open_scan set_aside": "DELETE",
    },
    RELAY: _LEASE | {
        " ".join(_OBSERVED): "SELECT",
        "relay_floor": "INSERT UPDATE",
    },
    SCHEDULER: _LEASE | {
        "*": "SELECT",
        "alert standing close_pending first_month usage_month outbox_block case_delta finding reconciled difference "
        "difference_standing open_case case_proof lot_shape learned fact_change command correction scanner "
        "watch_finding desk_cut review_entry cause_pending recall_line seal": "INSERT",
        f"standing close_pending first_month usage_month reconciled difference_standing open_case learned recall_line "
        f"case_delta {_NUMBERS}": "UPDATE",
        "standing close_pending usage_delta case_delta finding difference_standing open_case caseload_delta "
        "cause_pending": "DELETE",
    },
    GATEWAY: {
        "*": "SELECT",
        "gateway_secret command case_close case_delta difference difference_standing outbox_block review_entry "
        "watch_finding scanner fact_change": "INSERT",
        "difference_standing topic_counter fact_counter": "UPDATE",
        "difference_standing": "DELETE",
    },
    OPERATOR: _LEASE | {
        "*": "SELECT",
        "command assignment correction case_close scanner fact_change close_pending first_month period period_close "
        "rule rule_switch control intervention verification relay_floor outbox_block recall_line recall_closing device "
        "gateway_secret "
        "difference difference_standing case_delta alert standing usage_month watch_finding desk_cut review_entry "
        "cause_pending statement statement_line statement_mark": "INSERT",
        "close_pending first_month period relay_floor recall_line device difference_standing standing usage_month "
        f"{_NUMBERS}": "UPDATE",
        "close_pending outbox_block difference_standing standing usage_delta caseload_delta cause_pending": "DELETE",
    },
    READER: {},
}  # fmt: skip
"""What each role may do with the tables of schema `udi`. A reader may read what the views of `report` show, and can't
name a table: it has no USAGE on the schema, and views run with its own rights."""
SECRETS: Final = ("gateway_secret", "device")
"""Keys of devices and of the gateway: for those alone who check or make them."""
_KEEPERS: Final = (WORKER, GATEWAY, OPERATOR)


_WRITERS: Final = (WORKER, SCHEDULER, GATEWAY, OPERATOR)


def statements() -> Iterator[str]:
    """SQL that makes the roles, takes from everybody what nobody was given, and grants; idempotent."""
    yield from (_role(role) for role in ROLES)
    yield _only_whom_it_is_granted()
    for role in ROLES:
        yield _for(role, "GRANT USAGE ON SCHEMA report TO {role}")
        yield _for(role, "GRANT SELECT ON ALL TABLES IN SCHEMA report TO {role}")
        yield _for(role, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA udi, report TO {role}")
        if role == READER:
            yield _for(role, "GRANT SELECT ON ALL TABLES IN SCHEMA udi TO {role}")
        else:
            yield _for(role, "GRANT USAGE ON SCHEMA udi TO {role}")
            yield _for(role, "GRANT SELECT ON public.alembic_version TO {role}")
            yield _views(role)
        for tables, rights in GRANTS[role].items():
            where = "ALL TABLES IN SCHEMA udi" if tables == "*" else ", ".join(f"udi.{each}" for each in tables.split())
            yield _for(role, f"GRANT {', '.join(rights.split())} ON {where} TO {{role}}")
        if role in _WRITERS:
            yield _not_named(role)
        if role not in _KEEPERS:
            yield _for(role, f"REVOKE ALL ON {', '.join(f'udi.{each}' for each in SECRETS)} FROM {{role}}")
    yield from (_append_only(book) for book in BOOKS)
    yield _INVOKER
    yield _DEFINER


def _role(role: str) -> str:
    """Make a role that nobody can log in with; whoever may not make roles finds them made by who may."""
    return f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN RAISE WARNING 'Role {role} is not there and may not be made: it gets no rights.';
END $$"""


def _for(role: str, statement: str) -> str:
    """A statement that is left out where the role could not be made."""
    text = statement.format(role=role).replace("'", "''")
    return f"DO $$ BEGIN IF to_regrole('{role}') IS NOT NULL THEN EXECUTE '{text}'; END IF; END $$"


def _views(role: str) -> str:
    """Views of schema `udi` are for whoever may read a table at all; what they show is checked with his own rights."""
    return f"""
DO $$ DECLARE each regclass; BEGIN
    IF to_regrole('{role}') IS NULL THEN RETURN; END IF;
    FOR each IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'udi'::regnamespace AND relkind = 'v' LOOP
        EXECUTE format('GRANT SELECT ON %s TO {role}', each);
    END LOOP;
END $$"""


def _not_named(role: str) -> str:
    """A table that `GRANTS` does not name yet is its writers' alike; if it is a book, its trigger holds."""
    named = {table for grants in GRANTS.values() for tables in grants for table in tables.split()} | set(BOOKS)
    known = ", ".join(f"'{table}'" for table in sorted(named - {"*"}))
    return f"""
DO $$ DECLARE each regclass; BEGIN
    IF to_regrole('{role}') IS NULL THEN RETURN; END IF;
    FOR each IN
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace = 'udi'::regnamespace AND relkind IN ('r', 'p') AND relname NOT IN ({known})
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO {role}', each);
    END LOOP;
END $$"""


def _only_whom_it_is_granted() -> str:
    named = ", ".join(f"'{role}'" for role in ROLES)
    return f"""
DO $$ DECLARE role text; BEGIN
    REVOKE ALL ON SCHEMA udi, report FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA udi FROM PUBLIC;
    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA udi, report FROM PUBLIC;
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ({named}) LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA udi, report FROM %I', role);
    END LOOP;
END $$"""


def _append_only(book: str) -> str:
    return f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'udi.{book}'::regclass AND tgname = 'append_only') THEN
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.{book}
            FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();
    END IF;
END $$"""


_INVOKER: Final = """
DO $$ DECLARE each regclass; BEGIN
    -- A view with its owner's rights would show a reader what a policy on the tables hides. PostgreSQL 15 and newer.
    IF current_setting('server_version_num')::int < 150000 THEN RETURN; END IF;
    FOR each IN
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace IN ('udi'::regnamespace, 'report'::regnamespace) AND relkind = 'v'
          AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)
          -- Says whether a device signs, to people who may not see with what.
          AND relname <> 'devices'
    LOOP
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', each);
    END LOOP;
END $$"""
_DEFINER: Final = """
DO $$ DECLARE each regprocedure; BEGIN
    -- A function that is text is read anew with the rights of who calls it, and a reader can't name a table: those
    -- that views of report call run with the owner's.
    FOR each IN
        SELECT DISTINCT p.oid::regprocedure FROM pg_proc p
        JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
        JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        JOIN pg_class v ON v.oid = r.ev_class AND v.relnamespace = 'report'::regnamespace
        WHERE p.pronamespace = 'udi'::regnamespace AND p.prosqlbody IS NULL AND NOT p.prosecdef
    LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, udi', each);
    END LOOP;
END $$"""
