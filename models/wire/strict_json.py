"""Reading JSON that strangers wrote: exact, bounded, and every refusal named.

`orjson` refuses NaN and lone surrogates. It lets duplicate keys pass, and the last would win in silence; we do not.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Annotated, Any, Final, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from models.personal import masked
from models.reasons import Reason
from models.wire.complaints import complaint
from models.wire.topics import RECORD_BYTES_MAX

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""An id made by the HIS or a device: 1 to 64 characters, no control characters."""
Hospital = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^/\x00-\x1f\x7f]+$")]
"""As `Identifier`, without `/`: it is the first part of every record key."""
Text = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"), AfterValidator(masked)
]
"""A text for people; an identity number in it is unreadable."""
INSTANT_MIN: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Earlier is the null date of another system (0001-01-01, 1899-12-31), not an instant. No source: ours."""
INSTANT_END: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""From it on an instant is another system's \"never\" (9999-12-31). No source: ours."""


def _check_instant(at: datetime) -> datetime:
    if not INSTANT_MIN <= at < INSTANT_END:
        raise ValueError("Expected an instant from 1900 to 2199; leave out what is not known")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_check_instant)]
"""An instant with its offset, from 1900 to 2199: every zone, every sum with a window and every database holds it."""
Day = date
"""A local day, written like 2022-06-03. Any year: 9999-12-31 is how other systems write an open end."""
DEPTH_MAX: Final = 32
"""Objects and lists within each other; our own records have four. What takes JSON apart recurses, and some of it fails
at 250 levels. No source: ours."""

KEY_SHOWN_MAX: Final = 60
"""Characters of a key that are shown: it may be as long as the record. Ours."""


class WireModel(BaseModel):
    """What is read from a topic: frozen, strict types, unknown fields ignored (they stay in the raw bytes)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why bytes are no record of ours: the reason, and one line that says what was expected and what came."""

    reason: Reason
    """Its name in the list of reasons."""
    detail: str
    """What was expected and what came, in one line; an identity number in it is unreadable."""

    def __post_init__(self) -> None:
        """Whatever came, it is listed and kept."""
        object.__setattr__(self, "detail", masked(self.detail))


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object as it came."""

    fields: dict[str, Any]
    """The object, unknown fields too."""
    fingerprint: bytes
    """16 bytes, equal exactly when the canonical JSON (sorted keys, no blanks) is equal."""


M = TypeVar("M", bound=WireModel)


def read_object(value: bytes | None, bytes_max: int = RECORD_BYTES_MAX) -> Body | Refusal:
    """The JSON object in `value`, or why there is none: `too-large`, `not-json` or `bad-event`."""
    if value is None:
        return without_value()
    if len(value) > bytes_max:
        return Refusal(Reason.TOO_LARGE, f"Expected at most {bytes_max} bytes, got {len(value)}.")
    fields = _parsed(value)
    if isinstance(fields, Refusal):
        return fields
    if type(fields) is not dict:
        return Refusal(Reason.BAD_EVENT, f"Expected a JSON object, got {type(fields).__name__}.")
    twice = _duplicate_key(value, fields)
    if twice is not None:
        shown = twice if len(twice) <= KEY_SHOWN_MAX else f"{twice[: KEY_SHOWN_MAX - 3]}..."
        return Refusal(Reason.BAD_EVENT, f"Expected every key once, got {shown!r} twice.")
    canonical = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    return Body(fields, blake2b(canonical, digest_size=16).digest())


def without_value() -> Refusal:
    """A record without value, which only ends what its key names where a topic says so, is none of ours."""
    return Refusal(Reason.NOT_JSON, "Expected a JSON object, got a record without value.")


def _parsed(value: bytes) -> Any | Refusal:
    """What the JSON says. How deep it lies is looked at first: whatever takes it apart afterwards recurses."""
    depth = _depth(value)
    if depth > DEPTH_MAX:
        return Refusal(Reason.BAD_EVENT, f"Expected at most {DEPTH_MAX} levels of objects and lists, got {depth}.")
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return Refusal(Reason.NOT_JSON, f"Expected JSON in UTF-8: {error}.")


def validate(model: type[M], value: bytes) -> M | Refusal:
    """`value` as the model, or `bad-event` naming the first field that is wrong."""
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        return Refusal(Reason.BAD_EVENT, str(complaint(error)))


def read_record(
    model: type[M], key: bytes | None, value: bytes | None, named: Callable[[M], tuple[str, str]]
) -> tuple[M, Body] | Refusal:
    """A record of a topic with its body, or why it is none; `named` gives the two parts of its key."""
    body = read_object(value)
    if isinstance(body, Refusal):
        return body
    assert value is not None  # noqa: S101 -- read_object refuses a record without value
    record = validate(model, value)
    if isinstance(record, Refusal):
        return record
    return check_key(key, *named(record)) or (record, body)


_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NO_BRACKET: Final = bytes(set(range(256)) - set(b"[]{}"))


def _depth(value: bytes) -> int:
    """How deep objects and lists lie within each other in the text; never less than in what a parser makes of it."""
    if value.count(b"[") + value.count(b"{") <= DEPTH_MAX:
        return 0
    depth = deepest = 0
    for bracket in _STRING.sub(b"", value).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _duplicate_key(value: bytes, fields: dict[str, Any]) -> str | None:
    """A key that stands twice in one object of the text, if any.

    When no blank stands before a colon, every key of the text ends in `":`, so as many of those as there are keys
    in the result proves that none was overwritten. Anything else is read again, slowly and exactly.
    """
    # One byte is looked for much faster than two, and most records have no blank at all.
    blanks = (
        (b" " in value and b" :" in value)
        or (b"\t" in value and b"\t:" in value)
        or (b"\n" in value and b"\n:" in value)
        or (b"\r" in value and b"\r:" in value)
    )
    if not blanks and value.count(b'":') == (len(fields) if value.count(b"{") == 1 else _count_keys(fields)):
        return None
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in items:
            if key in seen:
                found.append(key)
            seen.add(key)

    json.loads(value, object_pairs_hook=pairs)
    return found[0] if found else None


def _count_keys(value: dict[str, Any] | list[Any]) -> int:
    """Keys of all objects in it."""
    count, children = (len(value), value.values()) if type(value) is dict else (0, value)
    for child in children:
        if type(child) is dict or type(child) is list:
            count += _count_keys(child)
    return count


def read_key(key: bytes | None) -> tuple[str, str] | None:
    """The two parts of a record key `hospital/…`; `None` without a key or when it is not of that form."""
    if key is None:
        return None
    try:
        hospital, slash, rest = key.decode().partition("/")
    except UnicodeDecodeError:
        return None
    return (hospital, rest) if slash and hospital and rest else None


def check_key(key: bytes | None, hospital: str, rest: str) -> Refusal | None:
    """`key-mismatch` when a key is there and names another hospital or thing than the body does."""
    if key is None or key == f"{hospital}/{rest}".encode():
        return None
    return Refusal(Reason.KEY_MISMATCH, f"Expected the key {hospital}/{rest}, got {key[:80]!r}.")
