"""Every command of `udi` as a person may type it: found by walking the tree, so that none is forgotten."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from streams.cli.loading.column_map import column_text
from streams.cli.loading.load import TABLES
from streams.cli.loading.templates import write_table
from streams.cli.main import app

SCAN: Final = "0190163d-8694-739b-aea5-966c26f8ad90"
WHY: Final = ("--reason", "a test")
ASKING: Final[dict[str, tuple[str, ...]]] = {
    "held": (), "held take": (SCAN,), "held give": (SCAN, "--to", "li"), "held release": (SCAN, *WHY),
    "held reject": (SCAN, *WHY), "held history": (SCAN,), "scan": (SCAN,), "parked": (), "untraced": (),
    "correct": (SCAN, "--quantity", "2", *WHY), "pair undo": (SCAN, *WHY), "differences": (),
    "differences show": ("3f6c01a2",), "differences ask": ("3f6c01a2", *WHY),
    "differences accept": ("--encounter", "E1", *WHY), "case": ("E1",), "stock": (),
    "trace": ("--item", "IT-1", "--lot", "L1"),
    "epcis": ("--from", "2022-06-01", "--to", "2022-07-01"),
    "recall": (), "expiring": (), "receiving": (), "sets": (), "cabinets": (), "orders": (),
    "orders propose": (), "orders forecast": (), "orders show": (),
    "count start": ("OR-2",), "count show": (), "count post": ("C-OR-2-1", *WHY), "count cancel": ("C-OR-2-1", *WHY),
    "orders release": ("S1-1",), "orders close": ("S1-1", *WHY), "statement": ("S1", "2022-06"),
    "invoice": ("{invoice}",),
    "devices": ("E1",), "alerts": (), "month close": ("2022-06",), "month run": ("2022-06",),
    "month report": ("2022-06",), "figures": ("2022-06",), "tie-out": ("2022-06-03",), "ratios": ("2022-06",),
    "assess": ("--window", "2022-01..2022-06"), "scan-rate": ("2022-06",),
    "pack": ("2022-06", "--out", "{out}"), "targets": (), "rules": (), "rules list": (),
    "rules draft": ("{rule}", *WHY), "rules switch-on": ("r1", *WHY), "rules switch-off": ("r1", *WHY),
    "rules back-test": ("r1", "--from", "2022-01", "--to", "2022-06"), "findings": (),
    "review": (), "review assign": ("--owner", "li", "--due", "2022-07-01"),
    "review opinion": ("--voice", "quality", "--vote", "doubtful", *WHY), "review talk": ("--text", "a talk"),
    "review warn": ("--text", "a warning"), "review receipt": ("--text", "read"), "review break": WHY,
    "review reselect": WHY, "review effect": (), "review close": ("--outcome", "justified"), "breaker": (),
    "breaker list": (), "breaker open": ("IT-1", *WHY), "breaker warn": ("IT-1", *WHY),
    "breaker trial": ("IT-1", *WHY), "breaker close": ("IT-1", *WHY), "breaker overrides": (), "quota": (),
    "ceiling": (), "ceiling set": ("100.00", "--item", "IT-1", *WHY),
    "approve": ("IT-1", "--encounter", "E1", "--until", "2030-01-01", *WHY), "approvals": (), "init": (),
    "load catalogue": ("{catalogue}",), "load encounters": ("{encounters}",), "load his-charges": ("{his-charges}",),
    "load discharges": ("{discharges}",), "load income": ("{income}",), "load recalls": ("{recalls}",),
    "load stores": ("{stores}",), "load deliveries": ("{deliveries}",), "load scanners": ("{scanners}",),
    "load quotas": ("{quotas}",), "load udid": ("{udid}",), "bind": ("GS1/06901234567892", "IT-1"), "policy": (),
    "load insurance-codes": ("{insurance-codes}",), "catalogue codes": (),
    "catalogue check": (), "scanners": (), "account add": ("li", "--hospital", "H1", "--role", "auditor"),
    "account list": (), "account end": ("li",), "device add": ("gun-1", "--hospital", "H1"), "device list": (),
    "device revoke": ("gun-1", "--hospital", "H1"), "simulate": ("--publish",), "status": (), "verify": (),
    "lane status": (), "lane pass": ("scans/0", "1", *WHY), "lane resume": WHY, "relay status": (),
    "relay resume": WHY, "relay start": ("billing/0", "1", *WHY), "relay bind": ("billing/0", *WHY),
    "replay": ("--dead-letters",), "raw months": (), "raw detach": ("2022-06",), "raw attach": ("2022-06",),
}  # fmt: skip
"""Commands that need the books or the broker, each with enough to get as far; `{name}` is a file."""
RULE: Final = """
rule = "r1"
kind = "growth"
base = "month"
measures = ["amount"]
scopes = ["hospital"]
threshold_percent = 20
"""
INVOICES: Final = "hospital,supplier,period,invoice,item_code,quantity,cost,amount\nH1,S1,2022-06,I1,IT-1,1,2.00,2.00\n"
ALONE: Final = {
    "run": "brings its own broker and books", "demo": "as `run`", "doctor": "says itself what is away, line by line",
    "parse": "reads a code", "label": "draws one", "load template": "writes an empty table",
    "rescue-proof": "simulates", "findings-proof": "simulates", "pairing-proof": "simulates",
    "rank-proof": "simulates", "forecast-proof": "simulates",
    "reconciliation-proof": "simulates",
}  # fmt: skip
"""Commands that need neither, and why."""


def every_command() -> Iterator[str]:
    """The words of every command that does something."""
    yield from _below(typer.main.get_command(app), ())


def _below(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    commands: Any = getattr(command, "commands", None)
    if commands is None or getattr(command, "invoke_without_command", False):
        yield " ".join(path)
    for name in commands or ():
        yield from _below(commands[name], (*path, name))


def typed(command: str, files: dict[str, Path]) -> list[str]:
    """What is typed behind `udi`."""
    words = command.split()
    if words[0] == "review":
        # Its subcommands stand behind the finding.
        words.insert(1, SCAN)
    return [*words, *(each.format_map(files) for each in ASKING[command])]


def files_in(folder: Path) -> dict[str, Path]:
    """The files that commands are given, written there: one good row of each kind, out of the templates' examples."""
    files = {str(kind): folder / f"{kind}.csv" for kind in TABLES}
    for kind, table in TABLES.items():
        names = [name for name in table.columns if name in {*table.required, "item_code", "minimum"}]
        write_table(files[kind], names, [[column_text(kind, name).example for name in names]])
    files |= {"rule": folder / "rule.toml", "invoice": folder / "invoice.csv", "out": folder / "pack"}
    files["rule"].write_text(RULE, encoding="utf-8")
    files["invoice"].write_text(INVOICES, encoding="utf-8")
    return files
