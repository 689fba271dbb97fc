"""The store, as it lies on `udi.stores`, and the stores of an installation as decisions look them up.

References:
    docs/contract.md, section "Store and delivery note".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from models.stock.places import misnamed, parted
from models.wire.strict_json import Body, Hospital, Identifier, Refusal, Text, WireModel, read_record

SCHEMA: Final = "udi.store/1"
UNITS_MAX: Final = 10_000_000
"""Of a level; more is a typing error. No source: ours."""


class Level(WireModel):
    """How much of an item a store keeps."""

    item_code: Identifier
    """The item's code in the HIS catalogue."""
    minimum: Annotated[int, Field(ge=0, le=UNITS_MAX)] | None = None
    """Units of use; below it, it is filled up. `None`: reckoned from `days`."""
    maximum: Annotated[int, Field(ge=0, le=UNITS_MAX)] | None = None
    """Filled up to so many units of use."""
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Instead of figures: so many days of real use."""
    lead_days: Annotated[int, Field(ge=0, le=365)] | None = None
    """From an order to its goods on the shelf; 7 where it is not said. Where it is, and neither `minimum` nor `days`,
    what is kept is the upper bound of the forecast, `maximum` at most."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ValueError("Expected maximum at or above minimum")
        if self.minimum is None and self.maximum is None and self.days is None:
            raise ValueError("Expected minimum, maximum or days")
        return self


class StoreRecord(WireModel):
    """A store: the central one, a department's, or a place in one."""

    schema_: Literal["udi.store/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    store: Identifier
    """Id of the store, as scans name it; without `/`, which parts a store from its rooms."""
    name: Text | None = None
    """As pages and lists show it."""
    department: Identifier | None = None
    """Id of the clinical department; `None` when nobody said."""
    kind: Literal["central", "department", "place"] = "department"
    """The central store, a department's (二级库), or a place inside one."""
    parent: Identifier | None = None
    """Of a place: the store it is in."""
    confirms_transfers: bool = False
    """What is sent here is on the way until it is accepted by scan."""
    levels: Annotated[list[Level], Field(max_length=20_000)] = []
    """Of the items it is to keep."""


def read_store(key: bytes | None, value: bytes | None) -> tuple[StoreRecord, Body] | Refusal:
    """A record of `udi.stores`, or why it is none."""
    read = read_record(StoreRecord, key, value, lambda store: (store.hospital, store.store))
    if isinstance(read, Refusal):
        return read
    return misnamed("store", read[0].store) or parted("store", read[0].store) or read


@dataclass(slots=True)
class Stores:
    """The newest version of every store."""

    _stores: dict[tuple[str, str], StoreRecord] = field(default_factory=dict)
    _borrowers: set[tuple[str, str]] = field(default_factory=set)

    def put(self, stores: Iterable[StoreRecord]) -> None:
        """Take stores, oldest version first."""
        for store in stores:
            self._stores[store.hospital, store.store] = store

    def borrow(self, borrowers: Iterable[tuple[str, str]]) -> None:
        """Take (hospital, store) of stores to which something was ever lent; one that is told stays known."""
        self._borrowers.update(borrowers)

    @property
    def borrowers(self) -> int:
        """Of how many stores it is known that something was lent to them."""
        return len(self._borrowers)

    def borrows(self, hospital: str, store: str) -> bool:
        """Something was ever lent to the store."""
        return (hospital, store) in self._borrowers

    def department(self, hospital: str, store: str) -> str | None:
        """Whose store it is, when that is known."""
        known = self._stores.get((hospital, store))
        return known.department if known is not None else None

    def confirms(self, hospital: str, store: str) -> bool:
        """Goods sent to the store are on the way until it accepts them."""
        known = self._stores.get((hospital, store))
        return known is not None and known.confirms_transfers
