"""A code explained step by step to a person: invisible characters made visible, a caret under the place of an error."""

from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len

from models.texts import texts
from models.udi import ParsedCode
from streams.visible import visible

_FIELDS: Final = (
    "di", "lot", "serial", "expiry", "production", "best_before", "quantity", "uom", "link", "canonical",
)  # fmt: skip
_WIDTH: Final = 18


def explain(code: ParsedCode, locale: str) -> Iterator[str]:
    """The lines of an explanation.

    Args:
        code: The reading to explain.
        locale: `en` or `zh-CN`.
    """
    words = texts(f"codes.{locale}")
    label = words["explain"]
    yield _line(label["input"], visible(code.raw))
    if code.symbology is not None:
        yield _line(label["symbology"], code.symbology)
    for number, step in enumerate(code.steps, 1):
        yield _line(f"{label['step']} {number}", words["flag"][step.flag])
        yield _line("", visible(step.text))
    yield _line(label["issuer"], words["issuer"][code.issuer])
    stepped = {step.flag for step in code.steps}
    for flag in code.flags:
        if flag not in stepped:
            yield _line(label["flag"], words["flag"][flag])
    if code.error is not None:
        yield from _error(code, label["error"], words["error"][code.error])
    yield from _fields(code, label)
    for other in code.alternatives:
        said = ", ".join(f"{label[name]} {getattr(other, name)}" for name in _FIELDS[:5] if getattr(other, name))
        yield _line(label["alternative"], visible(said))


def _fields(code: ParsedCode, label: dict[str, str]) -> Iterator[str]:
    for name in _FIELDS:
        value = getattr(code, name)
        if value is not None:
            yield _line(label[name], visible(str(value)))


def _error(code: ParsedCode, label: str, sentence: str) -> Iterator[str]:
    yield _line(label, f"{code.error}: {sentence}")
    if code.error_at is None:
        return
    text = code.steps[-1].text if code.steps else code.raw.removeprefix(code.symbology or "")
    if code.error_at > len(text):
        return
    yield _line("", visible(text))
    yield _line("", " " * cell_len(visible(text[: code.error_at])) + "^")


def _line(label: str, value: str) -> str:
    return label + " " * max(1, _WIDTH - cell_len(label)) + value
