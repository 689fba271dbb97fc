"""Recall notices and stores as lanes read them, by the number of the fact."""

from typing import Any

from models.charging.snapshot import Catalogue
from models.stock.recall import Recall
from models.stock.store import StoreRecord

_RECALLS = "SELECT body FROM udi.recall WHERE fact > $1 AND fact <= $2 ORDER BY fact"
_STORES = "SELECT body FROM udi.store WHERE fact > $1 AND fact <= $2 ORDER BY fact"


async def learn_supply(connection: Any, catalogue: Catalogue, since: int, version: int) -> None:
    """Bring the notices and stores of `catalogue` from fact `since` to fact `version`.

    Facts are numbered without gaps in the order of their commits: all up to a version that was read are there.
    """
    recalls = await connection.fetch(_RECALLS, since, version)
    catalogue.recalls.put(Recall.model_validate_json(row["body"]) for row in recalls)
    stores = await connection.fetch(_STORES, since, version)
    catalogue.stores.put(StoreRecord.model_validate_json(row["body"]) for row in stores)
