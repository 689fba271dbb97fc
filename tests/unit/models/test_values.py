"""Values are frozen: what a decision was made of can't change after it."""

import dataclasses
import importlib
import inspect
import pkgutil
from typing import Any

import models
import rules

FILLED = {
    "models.charging.decision.Decision", "models.charging.snapshot.Lookup", "models.charging.snapshot.Snapshot",
    "models.stock.recall.Recalls", "models.stock.recall._Lines", "models.stock.store.Stores",
    "rules.reconciling.matching.Matched", "rules.stock.recall_shares.Shares", "rules.stock.recall_waiting.Waiting",
    "rules.stock.recall_waiting._Carried", "rules.stock.recall_losses._Shelf",
}  # fmt: skip
"""What is filled in step by step by whoever made it."""


def test_every_value_is_frozen_and_slotted_but_what_is_filled_in() -> None:
    names = [
        each.name for layer in (models, rules) for each in pkgutil.walk_packages(layer.__path__, f"{layer.__name__}.")
    ]
    found: dict[str, Any] = {
        f"{name}.{each.__qualname__}": each
        for name in names
        for each in vars(importlib.import_module(name)).values()
        if inspect.isclass(each) and each.__module__ == name and dataclasses.is_dataclass(each)
    }
    assert len(found) > 100
    assert {name for name, each in found.items() if not each.__dataclass_params__.frozen} == FILLED
    assert [name for name, each in found.items() if "__slots__" not in vars(each)] == []
