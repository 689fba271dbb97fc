"""What a record or value that does not fit its model is told: one sentence that says what was expected and what came.

Our own rules say their sentence themselves, with `raise ValueError("Expected …")` in a model. What pydantic checks is
said by the type of its error, a closed list, so that it is said in the same words in every language.

References:
    pydantic, "Validation Errors": https://docs.pydantic.dev/latest/errors/validation_errors/
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from models.personal import masked

_SHOWN_MAX: Final = 60
"""Characters of what came that are shown. Ours."""
_OWN: Final = "value_error"
_MARK: Final = "Value error, "
"""What pydantic puts before a sentence of ours."""
EXPECTED: Final[Mapping[str, str]] = {
    "missing": "Expected a value, got none.",
    "extra_forbidden": "Expected no field of this name",
    "bool_type": "Expected true or false",
    "bool_parsing": "Expected true or false",
    "int_type": "Expected a whole number",
    "int_parsing": "Expected a whole number",
    "int_from_float": "Expected a whole number",
    "int_parsing_size": "Expected a smaller whole number",
    "float_type": "Expected a number",
    "float_parsing": "Expected a number",
    "finite_number": "Expected a finite number",
    "decimal_type": "Expected a decimal number",
    "decimal_parsing": "Expected a decimal number",
    "decimal_max_digits": "Expected a number of at most {max_digits} digits",
    "decimal_max_places": "Expected a number of at most {decimal_places} digits after the point",
    "decimal_whole_digits": "Expected a number of at most {whole_digits} digits before the point",
    "greater_than": "Expected more than {gt}",
    "greater_than_equal": "Expected at least {ge}",
    "less_than": "Expected less than {lt}",
    "less_than_equal": "Expected at most {le}",
    "string_type": "Expected a text",
    "string_too_short": "Expected a text of {min_length} or more characters",
    "string_too_long": "Expected a text of at most {max_length} characters",
    "string_pattern_mismatch": "Expected a text of the form '{pattern}'",
    "literal_error": "Expected the value {expected}",
    "enum": "Expected the value {expected}",
    "uuid_type": "Expected a UUID",
    "uuid_parsing": "Expected a UUID",
    "date_type": "Expected a day like 2022-06-03",
    "date_parsing": "Expected a day like 2022-06-03",
    "date_from_datetime_parsing": "Expected a day like 2022-06-03",
    "date_from_datetime_inexact": "Expected a day like 2022-06-03",
    "datetime_type": "Expected an instant like 2022-06-03T08:15:30+08:00",
    "datetime_parsing": "Expected an instant like 2022-06-03T08:15:30+08:00",
    "datetime_from_date_parsing": "Expected an instant like 2022-06-03T08:15:30+08:00",
    "timezone_aware": "Expected an instant with its offset, like 2022-06-03T08:15:30+08:00",
    "list_type": "Expected a list",
    "too_short": "Expected a list of {min_length} or more entries",
    "too_long": "Expected a list of at most {max_length} entries",
    "model_type": "Expected an object",
    "model_attributes_type": "Expected an object",
    "dict_type": "Expected an object",
}
"""By the type of pydantic's error, with the values of its context. What is missing has its sentence whole."""


class Complaint(NamedTuple):
    """What is wrong with one value."""

    place: str
    """Names and numbers of list entries that lead to it, with dots between; empty: the whole."""
    expected: str
    """What was expected, and what came: one sentence with its full stop."""

    def __str__(self) -> str:
        """Both, as one line."""
        return f"{self.place}: {self.expected}" if self.place else self.expected


def complaint(error: ValidationError) -> Complaint:
    """The first thing that is wrong; an identity number in what came is unreadable."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return Complaint(place, _sentence(first))


def expectation(first: Mapping[str, Any]) -> str:
    """What was expected, of one of pydantic's errors; what came may stand in it, then it ends with a full stop."""
    if first["type"] == _OWN:
        return str(first["msg"]).removeprefix(_MARK)
    said = first.get("ctx", {})
    if first["type"] in {"literal_error", "enum"} and " or " in (listed := str(said.get("expected"))):
        return f"Expected one of {listed.replace(' or ', ', ')}"
    return EXPECTED.get(first["type"], str(first["msg"])).format_map(said)


def _sentence(first: Mapping[str, Any]) -> str:
    said, came = expectation(first), first.get("input")
    if said.endswith("."):
        return said
    # A rule over several fields is about what they are together: the object is not shown.
    return f"{said}." if first["type"] == _OWN and isinstance(came, dict) else f"{said}, got {_shown(came)}."


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not text.isprintable():
        text = "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
    text = masked(text)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."
