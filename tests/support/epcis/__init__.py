"""The JSON schema of EPCIS 2.0, and what a document of events says against it."""

import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
from jsonschema import Draft7Validator, FormatChecker

SCHEMA: Final = json.loads((Path(__file__).parent / "EPCISDocument.schema.json").read_text(encoding="utf-8"))
_SECOND: Final = jsonschema_rs.Draft7Validator(SCHEMA, validate_formats=True)
"""A validator that shares nothing with the first, in another language, with its own idea of the formats."""
_CHECKER: Final = FormatChecker(formats=())
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~%-]+")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@_CHECKER.checks("uri")
def _is_uri(value: object) -> bool:
    """RFC 3986: a scheme, and no character that must be quoted."""
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


@_CHECKER.checks("date-time")
def _is_time(value: object) -> bool:
    """RFC 3339."""
    return not isinstance(value, str) or _TIME.fullmatch(value) is not None


def faults_of(document: Any) -> list[str]:
    """What is wrong with a document, one line each with the validator that says so; none when it is valid by both."""
    first = Draft7Validator(SCHEMA, format_checker=_CHECKER).iter_errors(document)
    return [f"jsonschema: {each.message[:300]}" for each in first] + [
        f"jsonschema-rs: {each.message[:300]}" for each in _SECOND.iter_errors(document)
    ]
