"""Texts for people, by locale. Every locale in `models/locales` is found by listing and has the same keys."""

import tomllib
from functools import cache, lru_cache
from importlib.resources import files

from models.reasons import Reason, Verdict

LOCALES = ("en", "zh-CN")


@cache
def texts(locale: str) -> dict[str, dict[str, str]]:
    """The tables of a locale: `verdict` and `reason`, each name → text."""
    return tomllib.loads((files("models") / "locales" / f"{locale}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=16_384)
def verdict_text(locale: str, verdict: Verdict, reasons: tuple[Reason, ...], item: str, amount: str) -> str:
    """What a device shows: one sentence about the scan."""
    template, reason = _template(locale, verdict, reasons[0] if reasons else None)
    return template.replace("{reason}", reason).replace("{item}", item).replace("{amount}", amount)


@cache
def _template(locale: str, verdict: Verdict, reason: Reason | None) -> tuple[str, str]:
    tables = texts(locale)
    return tables["verdict"][verdict], tables["reason"][reason] if reason else ""
