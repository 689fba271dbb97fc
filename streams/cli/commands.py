"""The table of commands: where each stands in `udi --help`, and where it is written. Loaded when it is asked for.

A new command is one row here, and one line in both `models/locales/cli.*.toml`.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Panel(StrEnum):
    """The parts of `udi --help`, in their order."""

    DAY = "day"
    MONTH = "month"
    SET_UP = "set-up"
    PROVE = "prove"
    OPERATE = "operate"


class Entry(NamedTuple):
    """A command: panel, name, and `module:attribute` of its function, or of the Typer app of its subcommands."""

    panel: Panel
    """Under which heading of `udi --help` it stands."""
    name: str
    """As it is typed."""
    where: str
    """`module:attribute`."""


COMMANDS: Final[tuple[Entry, ...]] = (
    Entry(Panel.DAY, "held", "streams.cli.charging.held:held_app"),
    Entry(Panel.DAY, "scan", "streams.cli.charging.scan:scan"),
    Entry(Panel.DAY, "parked", "streams.cli.charging.parked:parked"),
    Entry(Panel.DAY, "correct", "streams.cli.charging.correct:correct"),
    Entry(Panel.DAY, "untraced", "streams.cli.charging.untraced:untraced"),
    Entry(Panel.DAY, "pair", "streams.cli.charging.pairs:pair_app"),
    Entry(Panel.DAY, "differences", "streams.cli.reconciling.differences:differences_app"),
    Entry(Panel.DAY, "case", "streams.cli.closing.commands:case"),
    Entry(Panel.DAY, "stock", "streams.cli.stock.balances:stock"),
    Entry(Panel.DAY, "trace", "streams.cli.stock.trace:trace"),
    Entry(Panel.DAY, "epcis", "streams.cli.stock.epcis:epcis"),
    Entry(Panel.DAY, "recall", "streams.cli.stock.recall:recall"),
    Entry(Panel.DAY, "expiring", "streams.cli.stock.expiring:expiring"),
    Entry(Panel.DAY, "receiving", "streams.cli.stock.receiving:receiving"),
    Entry(Panel.DAY, "sets", "streams.cli.stock.sets:sets"),
    Entry(Panel.DAY, "cabinets", "streams.cli.stock.cabinets:cabinets"),
    Entry(Panel.DAY, "count", "streams.cli.stock.count:count_app"),
    Entry(Panel.DAY, "orders", "streams.cli.stock.orders:orders_app"),
    Entry(Panel.MONTH, "statement", "streams.cli.stock.paying.statement:statement"),
    Entry(Panel.MONTH, "invoice", "streams.cli.stock.paying.invoice:invoice"),
    Entry(Panel.DAY, "devices", "streams.cli.stock.devices:devices"),
    Entry(Panel.DAY, "alerts", "streams.cli.monitoring.alerts:alerts"),
    Entry(Panel.MONTH, "month", "streams.cli.closing.commands:month_app"),
    Entry(Panel.MONTH, "figures", "streams.cli.closing.commands:figures"),
    Entry(Panel.MONTH, "tie-out", "streams.cli.closing.commands:tie_out"),
    Entry(Panel.MONTH, "ratios", "streams.cli.assessment.commands:ratios_command"),
    Entry(Panel.MONTH, "assess", "streams.cli.assessment.commands:assess_command"),
    Entry(Panel.MONTH, "scan-rate", "streams.cli.assessment.scan_rate:scan_rate_command"),
    Entry(Panel.MONTH, "pack", "streams.cli.assessment.commands:pack_command"),
    Entry(Panel.MONTH, "targets", "streams.cli.assessment.commands:targets_command"),
    Entry(Panel.MONTH, "rules", "streams.cli.monitoring.rules:rules_app"),
    Entry(Panel.MONTH, "findings", "streams.cli.monitoring.findings:findings"),
    Entry(Panel.MONTH, "review", "streams.cli.monitoring.review:review_app"),
    Entry(Panel.MONTH, "breaker", "streams.cli.monitoring.controls:breaker_app"),
    Entry(Panel.MONTH, "quota", "streams.cli.monitoring.controls:quota"),
    Entry(Panel.MONTH, "ceiling", "streams.cli.monitoring.controls:ceiling_app"),
    Entry(Panel.MONTH, "approve", "streams.cli.monitoring.controls:approve"),
    Entry(Panel.MONTH, "approvals", "streams.cli.monitoring.controls:approvals"),
    Entry(Panel.SET_UP, "init", "streams.cli.services:init"),
    Entry(Panel.SET_UP, "load", "streams.cli.loading.load:load_app"),
    Entry(Panel.SET_UP, "bind", "streams.cli.catalogue.bind:bind"),
    Entry(Panel.SET_UP, "policy", "streams.cli.charging.policy:policy"),
    Entry(Panel.SET_UP, "catalogue", "streams.cli.catalogue.check:catalogue_app"),
    Entry(Panel.SET_UP, "scanners", "streams.cli.loading.scanners:scanners"),
    Entry(Panel.SET_UP, "parse", "streams.cli.codes.commands:parse_command"),
    Entry(Panel.SET_UP, "label", "streams.cli.codes.commands:label_command"),
    Entry(Panel.SET_UP, "account", "streams.cli.web.accounts:account_app"),
    Entry(Panel.SET_UP, "device", "streams.cli.web.devices:device_app"),
    Entry(Panel.PROVE, "demo", "streams.cli.simulating:demo"),
    Entry(Panel.PROVE, "simulate", "streams.cli.simulating:simulate"),
    Entry(Panel.PROVE, "rescue-proof", "streams.cli.codes.rescue_proof:rescue_proof_command"),
    Entry(Panel.PROVE, "findings-proof", "streams.cli.monitoring.findings_proof:findings_proof_command"),
    Entry(Panel.PROVE, "pairing-proof", "streams.cli.codes.pairing_proof:pairing_proof_command"),
    Entry(Panel.PROVE, "forecast-proof", "streams.cli.stock.forecast_proof:forecast_proof_command"),
    Entry(Panel.PROVE, "rank-proof", "streams.cli.assessment.rank_proof:rank_proof_command"),
    Entry(
        Panel.PROVE, "reconciliation-proof", "streams.cli.reconciling.reconciliation_proof:reconciliation_proof_command"
    ),
    Entry(Panel.OPERATE, "run", "streams.cli.services:run"),
    Entry(Panel.OPERATE, "status", "streams.cli.operating.status:status"),
    Entry(Panel.OPERATE, "doctor", "streams.cli.operating.doctor:doctor"),
    Entry(Panel.OPERATE, "verify", "streams.cli.verifying.verify:verify"),
    Entry(Panel.OPERATE, "lane", "streams.cli.operating.inputs:lane_app"),
    Entry(Panel.OPERATE, "relay", "streams.cli.operating.outputs:relay_app"),
    Entry(Panel.OPERATE, "raw", "streams.cli.operating.raw:raw_app"),
    Entry(Panel.OPERATE, "replay", "streams.cli.operating.replay:replay"),
)
