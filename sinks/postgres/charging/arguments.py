"""The arguments of `udi.record_4`: one list of rows for each table that a batch writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sinks.postgres.charging.entry_tables import (
    BalanceRow,
    CaseDeltaRow,
    LedgerRow,
    OutboxRow,
    SettlementRow,
    StoreItemRow,
    UsageRow,
    WasteRow,
)
from sinks.postgres.charging.tables import (
    ChangeRow,
    ClaimRow,
    CommandOutcomeRow,
    DecisionRow,
    OpenRow,
    OverrideRow,
    PairRow,
    RawRow,
    ReadingRow,
    Row,
    ScanRow,
    UnitRow,
)


@dataclass(slots=True)
class Rows:
    """One list per table; `sinks.postgres.charging.tables` says the shape of each."""

    claims: list[ClaimRow] = field(default_factory=list)
    """Scan ids that are new."""
    units: list[UnitRow] = field(default_factory=list)
    """Claims on serial-numbered units that begin."""
    freed: list[UnitRow] = field(default_factory=list)
    """Claims on serial-numbered units that end."""
    changes: list[ChangeRow] = field(default_factory=list)
    """Changes of the accounts of uses."""
    scans: list[ScanRow] = field(default_factory=list)
    """First decisions, and bad records."""
    decisions: list[DecisionRow] = field(default_factory=list)
    """Later decisions."""
    closed_open: list[OpenRow] = field(default_factory=list)
    """What waits no longer, or waits for something else."""
    open: list[OpenRow] = field(default_factory=list)
    """What waits now."""
    ledger: list[LedgerRow] = field(default_factory=list)
    """Charges and credits."""
    settlement: list[SettlementRow] = field(default_factory=list)
    """What suppliers are owed."""
    balances: list[BalanceRow] = field(default_factory=list)
    """Changes of balances, one row for each."""
    store_items: list[StoreItemRow] = field(default_factory=list)
    """Changes of an item's sum in a store."""
    usage: list[UsageRow] = field(default_factory=list)
    """Changes of the usage of months."""
    outbox: list[OutboxRow] = field(default_factory=list)
    """Records to publish."""
    readings: list[ReadingRow] = field(default_factory=list)
    """Readings of labels that a person may choose from."""
    pairs: list[PairRow] = field(default_factory=list)
    """Halves that were joined."""
    commands: list[CommandOutcomeRow] = field(default_factory=list)
    """What became of persons' commands."""
    cases: list[CaseDeltaRow] = field(default_factory=list)
    """Encounters that have changed."""
    waste: list[WasteRow] = field(default_factory=list)
    """Costs of goods opened or thrown away."""
    raws: list[RawRow] = field(default_factory=list)
    """Bytes of the records, apart from what was decided of them."""
    overrides: list[OverrideRow] = field(default_factory=list)
    """Overrides that came with scans."""

    def arguments(self) -> Sequence[Sequence[Row]]:
        """In the order of the parameters of `udi.record_4`."""
        return (
            self.claims, self.units, self.freed, self.changes, self.scans, self.decisions, self.closed_open, self.open,
            self.ledger, self.settlement, self.balances, self.store_items, self.usage, self.outbox,
            self.readings, self.pairs, self.commands, self.cases, self.waste, self.raws, self.overrides,
        )  # fmt: skip
