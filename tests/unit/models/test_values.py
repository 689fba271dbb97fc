"""Values are frozen: what a decision was made of can't change after it."""

import dataclasses
import importlib
import inspect
import pkgutil
from typing import Any

from msgspec import Struct

import models
import rules

FILLED = {
    "models.charging.snapshot.Lookup", "models.charging.snapshot.Snapshot",
    "models.stock.recall.Recalls", "models.stock.recall._Lines", "models.stock.store.Stores",
    "models.stock.told.Said", "models.stock.told.Told",
    "rules.reconciling.matching.Matched", "rules.stock.recall_shares.Shares", "rules.stock.recall_waiting.Waiting",
    "rules.stock.recall_waiting._Carried", "rules.stock.recall_losses._Shelf",
}  # fmt: skip
"""What is filled in step by step by whoever made it."""


FILLED_STRUCTS = {"models.charging.decision.Decision"}
"""The same, made for each scan: `rules.charging.deciding` fills it in."""
READ_ONCE = {"models.scan.reading._Usual"}
"""What is read of a record and becomes a value at once."""


def classes() -> dict[str, Any]:
    """Every class of models and rules, by its name with that of its module."""
    names = [
        each.name for layer in (models, rules) for each in pkgutil.walk_packages(layer.__path__, f"{layer.__name__}.")
    ]
    return {
        f"{name}.{each.__qualname__}": each
        for name in names
        for each in vars(importlib.import_module(name)).values()
        if inspect.isclass(each) and each.__module__ == name
    }


def test_every_value_is_frozen_and_slotted_but_what_is_filled_in() -> None:
    found: dict[str, Any] = {name: each for name, each in classes().items() if dataclasses.is_dataclass(each)}
    assert len(found) > 100
    assert {name for name, each in found.items() if not each.__dataclass_params__.frozen} == FILLED
    assert [name for name, each in found.items() if "__slots__" not in vars(each)] == []


def test_every_struct_is_frozen_but_what_is_filled_in_or_read_once() -> None:
    found = {name: each for name, each in classes().items() if issubclass(each, Struct)}
    assert len(found) >= 5
    assert {name for name, each in found.items() if not each.__struct_config__.frozen} == FILLED_STRUCTS | READ_ONCE
