"""Thresholds and windows, each with its unit in its name and its source in its docstring."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures a hospital may set. The defaults are those of docs/contract.md and docs/semantics.md."""

    return_clock_tolerance: timedelta = timedelta(minutes=5)
    """How much earlier than its use a return may have been scanned, by the clocks of two devices. A hospital may have
    its own (`ReturnClock`). Source: docs/contract.md, "Verdicts"."""
    half_label_window: timedelta = timedelta(seconds=60)
    """How long half a label waits for the other. Source: docs/semantics/labels.md (default 60 s)."""
    scanner_suspect_percent: Decimal = Decimal(20)
    """A scanner of which so many per cent of the labels may have lost separators is faulty. No source: ours; about 4 %
    of innocent labels look so (docs/codes.md)."""
    scanner_labels_min: int = 20
    """Labels within 7 days before a scanner is judged. No source: ours."""
    his_line_time: timedelta = timedelta(hours=24)
    """How long people's lists leave out a use for which the HIS has no line yet. No source: ours, for a HIS that posts
    once a day; the books themselves have no such time (docs/semantics/reconciling.md, "Reconciliation with the
    HIS")."""
    findings_open_max: int = 30
    """Findings of a hospital's month that lie open; the rest is filed (docs/findings.md). No source: ours, what one
    hospital of the studies' size (docs/studies.md, "Volumes") can act on."""
    invoice_cost_percent: Decimal = Decimal(0)
    """So far may an invoiced unit cost be from the agreed one. No source: ours; exact unless a hospital says else."""
    invoice_amount_fen: int = 1
    """So far may an invoiced amount be from the stated one: rounding by line or by sum. No source: ours."""
    count_value_fen: int = 500_000
    """The differences of a count that weigh more need another person's approval. A hospital may have its own
    (docs/store.md, "Counts"). No source: ours."""
    count_lines_percent: int = 10
    """So many per cent of a count's lines may differ without that. A hospital may have its own. No source: ours."""
    count_lines_min: int = 20
    """Lines from which on that share is judged: of fewer one difference is too much already. No source: ours."""
    service_level_percent: int = 95
    """In so many of a hundred cases what is ordered by forecast is enough until the next goods come (docs/store.md,
    "Forecast"). No source: ours."""
    slow_mover_days: int = 90
    """Goods of which a store has used none for so long move slowly (docs/store.md, "Slow movers"). No source: ours."""


@dataclass(frozen=True, slots=True)
class ReturnClock:
    """A hospital's own `return_clock_tolerance`, and when its devices' clocks began to be like that."""

    since: datetime
    """It holds for returns scanned from then on, until another that was set later holds for them."""
    tolerance: timedelta
    """From 0 to a day."""


POLICY = Policy()
