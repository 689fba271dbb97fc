"""Coverage-guided search for a text that raises, hangs, or makes a misread identify something.

Run: `python tests/fuzz/fuzz_codes.py -max_total_time=60 "$(mktemp -d)" tests/fuzz/corpus` (needs the extra `fuzz`, that
is atheris). New inputs of interest go to the first folder named, here a temporary one: the corpus stays small.
"""

import sys
from datetime import date

import atheris

with atheris.instrument_imports(include=["models", "rules"]):
    from models.udi import Issuer, parse, read_label
    from rules.labels.rescue import Knowledge, rescue

_EPOCH = date(2026, 6, 1).toordinal()


def examine(data: bytes) -> None:
    """Reads one input as bytes, as text and as a label of two; what must always hold is asserted."""
    provider = atheris.FuzzedDataProvider(data)
    scanned_on = date.fromordinal(_EPOCH + provider.ConsumeIntInRange(-700_000, 2_000_000))
    text = provider.ConsumeUnicode(600)
    code = parse(text, scanned_on=scanned_on)
    parse(data, scanned_on=scanned_on)
    if code.valid is not (code.error is None):
        raise AssertionError(text)
    if not code.valid and (code.di or code.lot or code.serial or code.elements):
        raise AssertionError(text)
    if code.valid and code.issuer in {Issuer.INTERNAL, Issuer.INVALID}:
        raise AssertionError(text)
    rescue(read_label([text, text[::-1]], scanned_on=scanned_on), Knowledge())


if __name__ == "__main__":
    atheris.Setup(sys.argv, examine)
    atheris.Fuzz()
