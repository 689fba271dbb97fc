"""Who may do what in the database: one role a service, and books that take new rows only, by grant and by trigger.

Applied at every `udi init`, after the migrations; again changes nothing. Roles belong to the whole server: where they
are there already, with a password and LOGIN (deploy/postgres), they are only granted to. Nobody who runs owns a table.

References:
    PostgreSQL 18, 5.8 "Privileges"; CREATE VIEW, `security_invoker`.
"""

from collections.abc import Iterator, Mapping, Sequence
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

_MATRIX: Final = """
table               kind  worker relay  sched  gate   oper   reader
account             state -      -      -      rw     arw    -
alert               book  r      r      ar     r      ar     r
assessment_row      book  -      -      ar     r      ar     r
assessment_run      book  -      -      ar     r      ar     r
assignment          book  r      -      r      r      ar     r
balance             state arw    r      r      r      r      r
borrower            state ar     -      r      r      r      r
brought             state ar     -      r      r      r      r
case_close          book  r      -      r      ar     ar     r
case_delta          state ar     r      arwd   ar     ar     r
case_proof          book  r      -      ar     r      r      r
cabinet_gone        state ard    -      r      r      r      r
cabinet_read        book  ar     -      r      r      r      r
caseload_delta      state ar     -      rd     r      rd     r
catalogue           book  ar     -      r      r      r      r
cause_pending       state r      -      ard    r      ard    r
chain               book  ar     -      r      r      r      r
close_pending       state r      r      arwd   r      arwd   r
command             book  r      r      ar     ar     ar     r
command_outcome     book  ar     r      r      r      r      r
control             book  r      -      r      r      ar     r
correction          book  r      -      ar     r      ar     r
count_booked        book  r      -      ar     r      ar     r
count_end           book  r      -      r      r      ar     r
count_line          book  r      -      r      r      ar     r
count_open          state r      -      r      r      ard    r
count_policy        book  r      -      r      r      ar     r
decision            book  ar     r      r      r      r      r
delivery            book  ar     -      r      r      r      r
demand              state r      -      arw    r      arw    r
desk_cut            state -      -      ar     r      ar     r
device              state r      -      -      r      arw    -
difference          book  r      r      ar     ar     ar     r
difference_standing state r      r      arwd   arwd   arwd   r
discharge           book  ar     -      r      r      r      r
encounter           book  ar     -      r      r      r      r
fact_change         book  ar     -      ar     ar     ar     r
fact_counter        state rw     r      rw     rw     rw     r
finding             state r      -      ard    r      r      r
first_month         state r      -      arw    r      arw    r
forced_close        book  -      -      r      r      ar     r
goods_cost          book  ar     -      r      r      r      r
gateway_secret      state -      -      -      ar     ar     -
his_line            book  ar     -      r      r      r      r
hospital_policy     book  r      -      r      r      ar     r
income              book  ar     -      r      r      r      r
installation        book  r      r      r      r      r      r
intervention        book  r      r      r      r      ar     r
invoice             book  -      -      r      r      ar     r
invoice_line        book  -      -      r      r      ar     r
lane                state arw    r      rw     r      rw     r
learned             state r      r      arw    r      r      r
lease               state arwd   arwd   arwd   r      arwd   r
ledger              book  ar     -      r      r      r      r
lot_shape           book  r      -      ar     r      r      r
month_step          book  r      r      ar     r      ar     r
open_case           state r      r      arwd   r      r      r
open_scan           state ard    r      r      r      r      r
outbox_block        state ar     r      arw    ar     ard    r
pair                book  ar     -      r      r      r      r
period              state r      -      arw    r      arw    r
period_close        book  r      -      ar     r      ar     r
position            state arw    r      r      r      r      r
purchase            book  -      -      r      r      ar     r
purchase_line       book  -      -      r      r      ar     r
purchase_mark       book  -      -      r      r      ar     r
purge               book  r      r      ar     r      r      r
raw_move            book  r      r      r      r      r      r
raw_purge           book  r      r      r      r      r      r
reading             book  ar     r      r      r      r      r
recall              book  ar     -      r      r      r      r
recall_closing      book  r      -      r      r      ar     r
recall_line         state r      r      arw    r      arw    r
recall_proof        book  r      -      ar     r      ar     r
reconciled          state r      -      arw    r      r      r
relay_floor         state r      arw    r      r      arw    r
review_entry        book  -      -      ar     ar     ar     r
rule                book  r      -      r      r      ar     r
rule_switch         book  r      -      r      r      ar     r
scan                book  ar     r      r      r      r      r
scan_claim          book  ar     -      r      r      r      r
scan_override       book  ar     -      r      r      r      r
scan_raw            book  ar     -      r      r      r      -
scanner             book  r      r      ar     ar     ar     r
scanner_watch       state r      -      arw    r      r      r
seal                book  -      -      ar     r      r      r
served              state r      r      r      r      r      r
set_aside           state arwd   -      r      r      r      r
settlement          book  ar     -      r      r      r      r
standing            state r      -      arwd   r      arwd   r
statement           book  -      -      r      r      ar     r
statement_line      book  -      -      r      r      ar     r
statement_mark      book  -      -      r      r      ar     r
stock_count         book  r      -      r      r      ar     r
store               book  ar     -      r      r      r      r
store_item          state arw    -      r      r      r      r
target              book  -      -      r      r      ar     r
topic_counter       state r      r      rw     rw     rw     r
unit_claim          state ard    -      r      r      r      r
unit_place          state arw    r      r      r      r      r
usage_delta         state ar     r      rd     r      rd     r
usage_month         state r      -      arw    r      arw    r
use_change          book  ar     -      r      r      r      r
verification        book  r      r      r      r      ar     r
waste_cost          book  ar     -      r      r      r      r
watch_finding       book  r      r      ar     ar     ar     r
web_session         state -      -      -      ard    rd     -
"""
"""Every table of schema `udi`, and what each role may do with it: `a` INSERT, `r` SELECT, `w` UPDATE, `d` DELETE, in
PostgreSQL's own letters. A `book` takes new rows only; a mistake is corrected by a row that names it.

What a reader may read is what the views of `report` show: he can't name a table, for he has no USAGE on the schema, and
views run with his own rights. Keys of devices, passwords and sessions are for those alone who check or make them.
"""
_RIGHTS: Final = {"a": "INSERT", "r": "SELECT", "w": "UPDATE", "d": "DELETE"}


_ALONE: Final = {
    "udi.purge_raw(integer)": (SCHEDULER,),
    "udi.detach_raw(integer, text)": (OPERATOR,),
    "udi.attach_raw(integer, text)": (OPERATOR,),
}
"""Functions that run with the owner's rights and let go of something or bring it back: who alone may call them."""


def _grants() -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for line in _MATRIX.strip().splitlines()[1:]:
        table, kind, *letters = line.split()
        yield table, kind, {role: each.strip("-") for role, each in zip(ROLES, letters, strict=True)}


GRANTS: Final[Mapping[str, Mapping[str, str]]] = {table: rights for table, _, rights in _grants()}
"""By table and role: letters of what it may do; empty: nothing."""
BOOKS: Final = tuple(table for table, kind, _ in _grants() if kind == "book")
"""Tables that take new rows only."""


def _alike(role: str) -> Mapping[str, Sequence[str]]:
    """The tables with which a role may do the same."""
    found: dict[str, list[str]] = {}
    for table, rights in GRANTS.items():
        if rights[role]:
            found.setdefault(rights[role], []).append(table)
    return found


def statements() -> Iterator[str]:
    """SQL that makes the roles, takes from everybody what nobody was given, and grants; idempotent."""
    yield from (_role(role) for role in ROLES)
    yield _only_whom_it_is_granted()
    for role in ROLES:
        yield _for(role, "GRANT USAGE ON SCHEMA report TO {role}")
        yield _for(role, "GRANT SELECT ON ALL TABLES IN SCHEMA report TO {role}")
        yield _for(role, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA udi, report TO {role}")
        if role != READER:
            yield _for(role, "GRANT USAGE ON SCHEMA udi TO {role}")
            yield _for(role, "GRANT SELECT ON public.alembic_version TO {role}")
        yield _views(role)
        for letters, tables in _alike(role).items():
            may, where = ", ".join(_RIGHTS[each] for each in letters), ", ".join(f"udi.{each}" for each in tables)
            yield _for(role, f"GRANT {may} ON {where} TO {{role}}")
        for function, whose in _ALONE.items():
            if role not in whose:
                yield _for(role, f"REVOKE EXECUTE ON FUNCTION {function} FROM {{role}}")
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
          -- They say whether a device signs and who may sign in, to people who may not see with what.
          AND relname NOT IN ('devices', 'accounts')
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
