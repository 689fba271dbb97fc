"""The tables of words, by locale: one TOML file a subject and a locale in `models/locales`, found by its name."""

import tomllib
from functools import cache
from importlib.resources import files

LOCALES = ("en", "zh-CN")


@cache
def texts(name: str) -> dict[str, dict[str, str]]:
    """The tables of a file: of a locale (`en`), or of a subject in a locale (`cli.en`).

    Raises:
        FileNotFoundError: there is none.
    """
    return tomllib.loads((files("models") / "locales" / f"{name}.toml").read_text(encoding="utf-8"))
