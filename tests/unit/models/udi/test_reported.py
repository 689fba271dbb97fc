"""Inputs that others reported as read wrongly somewhere, and their classes with neighbours on either side."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.udi import Label, ParsedCode, parse, read_label
from models.udi.canonical import hibc_check_character, hibc_primary, hibc_secondary

_FILE = Path(__file__).parent / "reported.jsonl"
_REPORTED: list[dict[str, Any]] = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]


def said(read: ParsedCode | Label, names: set[str]) -> dict[str, Any]:
    """What was read, as the file writes it."""
    found: dict[str, Any] = {}
    for name in names:
        value = getattr(read, name)
        found[name] = value.isoformat() if isinstance(value, date) else value
    return found


@pytest.mark.parametrize("row", _REPORTED, ids=[f"{row['class']}-{n}" for n, row in enumerate(_REPORTED, 1)])
def test_a_reported_input_is_read_exactly(row: dict[str, Any]) -> None:
    day, expected = date.fromisoformat(row["scanned_on"]), dict(row["expected"])
    flags = set(expected.pop("flags", ()))
    read: ParsedCode | Label
    read = parse(row["raw"], scanned_on=day) if "raw" in row else read_label(row["codes"], scanned_on=day)

    assert said(read, set(expected)) == expected
    assert flags <= {str(flag) for flag in read.flags}


GTIN = "07032069804988"
DAY = date(2026, 6, 1)
CLASSES: list[tuple[str, dict[str, Any]]] = [
    # A bracketed identifier is one, be its value right or not.
    (f"(01){GTIN}(10)LOT(240)", {"error": "bad_hri"}),
    (f"[01]{GTIN}[10]LOT1[21]", {"error": "bad_hri"}),
    (f"（01）{GTIN}（10）LOT1（21）", {"error": "bad_hri"}),
    (f"(01){GTIN}(10)LOT(17)2027.12.31", {"valid": False, "lot": None}),
    (f"(01){GTIN}(10)LOT(21){'9' * 21}", {"error": "too_long", "lot": None}),
    (f"(01){GTIN}(10)LOT(21){'9' * 20}", {"valid": True, "serial": "9" * 20}),
    (f"(01){GTIN}(10)B(17)C", {"valid": True, "lot": "B(17)C"}),
    (f"(01){GTIN}(10)LOT(99)X", {"valid": True, "lot": "LOT"}),
    (f"(01){GTIN}(10)LOT(05)X", {"valid": True, "lot": "LOT(05)X"}),
    *(
        (f"(01){GTIN}(10)LOT1(17){value}", {"valid": False, "lot": None})
        for value in ("-", "---", "/", "N/A", "none", "?")
    ),
    (f"(01){GTIN}(10)LOT1(11)-(17)271231", {"valid": False, "lot": None}),
    (f"(01){GTIN}(10)LOT(21)#1", {"valid": False, "serial": None}),
    (f"[01]{GTIN}(10)LOT1[21]", {"error": "bad_hri"}),
    (f"(01){GTIN}(10)LOT1(21)(17)271231", {"error": "bad_hri"}),
    (f"(01){GTIN}(10)L7(17)31.12.27", {"valid": False, "lot": None}),
    (f"(01){GTIN}(10)L7(17)2027年12月31日", {"valid": False, "lot": None}),
    *(
        (f"(01){GTIN}(10)LOT1({ai}){value}", {"error": "not_numeric", "lot": None})
        for ai, value in (
            ("17", "YYMMDD"),
            ("11", "n.a."),
            ("30", "pcs"),
            ("30", "EA"),
            ("17", "无"),
            ("11", "n/a"),
            ("7003", "unknown"),
            ("30", "10pcs"),
        )
    ),
    (f"(01){GTIN}(10)LOT1(17)see box", {"error": "too_long", "lot": None}),
    (f"(01){GTIN}(21)SN1(17)YYMMDD", {"error": "not_numeric", "serial": None}),
    (f"(01){GTIN}(10)LOT1(17)YYMMDD(21)SN1", {"error": "not_numeric", "lot": None}),
    (f"(01){GTIN}(10)LOT1(30)5", {"error": None, "lot": "LOT1", "quantity": 5}),
    (f"(01){GTIN}(10)LOT1(30)X", {"lot": "LOT1(30)X", "flags": ("hri", "looks_like_gs1")}),
    (f"(01){GTIN}(10)LOT1(21", {"lot": "LOT1(21", "flags": ("hri", "looks_like_gs1")}),
    (f"(01){GTIN}(10)LOT(1)", {"lot": "LOT(1)", "flags": ("hri",)}),
    (f"(01){GTIN}(10)LOT1(05)pcs", {"lot": "LOT1(05)pcs", "flags": ("hri",)}),
    (f"]d201{GTIN}10LOT1(17)YYMMDD", {"lot": "LOT1(17)YYMMDD", "flags": ("looks_like_gs1",)}),
    (f"]d201{GTIN}10LOT1(05)A", {"lot": "LOT1(05)A", "flags": ()}),
    (f"]d201{GTIN}10LOT1(17)271231", {"lot": "LOT1", "expiry": "2027-12-31"}),
    # The designator of the character set, and the symbology identifier once more.
    (f"\\00002901{GTIN}10A", {"valid": True, "lot": "A"}),
    (f"]Q3\\00002601{GTIN}10A", {"valid": True, "lot": "A"}),
    ("\\00026+A123BJC5D6E71G", {"issuer": "internal"}),
    (f"\\000026]d201{GTIN}10A", {"valid": True, "lot": "A", "symbology": "]d2"}),
    (f"\\000026 01{GTIN}10A", {"valid": True, "lot": "A"}),
    (f"\\\\00002601{GTIN}10A", {"valid": True, "lot": "A"}),
    ("\\000026+A123BJC5D6E71G", {"issuer": "HIBCC", "di": "A123BJC5D6E71"}),
    (f"]C1]C101{GTIN}", {"valid": True, "di": GTIN, "symbology": "]C1"}),
    (f"]d2]d101{GTIN}", {"valid": True, "di": GTIN, "symbology": "]d2"}),
    ("]C0]C0+A123BJC5D6E71G", {"issuer": "HIBCC", "symbology": "]C0"}),
    *((f"]d2{between}]d201{GTIN}10A", {"valid": True, "lot": "A"}) for between in (" ", "\x1d", "\r\n", "\t")),
    (f"]d201{GTIN}10A]d2", {"valid": True, "lot": "A"}),
    ("]d2]E07032069804988", {"valid": True, "di": GTIN, "symbology": "]E0"}),
    ("]E0]E07032069804988", {"valid": True, "di": GTIN}),
    (f"]E0]d201{GTIN}10A", {"valid": True, "lot": "A", "symbology": "]d2"}),
    ("]d2]C0HC-0001", {"valid": False, "di": None}),
    (f"]C101{GTIN}]C110A", {"valid": True, "lot": "A", "di": GTIN}),
    # Any sign no GS1 value may hold, only when the whole message then reads.
    *(
        (f"]d201{GTIN}10A{sign}21B", {"valid": True, "lot": "A", "serial": "B"})
        for sign in "\x01\x08\t\x1b\x1c\x1f\x7f\x80\x9dèñÈÑ§¶¨␞→■†\xa0×÷€│█"
    ),
    *((f"]d201{GTIN}10A{sign}21B", {"valid": False, "lot": None}) for sign in "éê批。、—"),
    *(
        (f"]d201{GTIN}10A{text}21B", {"valid": True, "lot": "A", "serial": "B"})
        for text in ("<RS>", "[rs]", "{US}", "<ESC>", "<0x1D>", "(GS)", "\\x1e", "&#30;", "_x001E_")
    ),
    (f"]d201{GTIN}10A<28>21B", {"lot": "A<28>21B"}),
    *((f"]d201{GTIN}10A{sign}2B", {"valid": False, "lot": None}) for sign in "\x1bè"),
    (f"]d201{GTIN}10A批B", {"valid": False}),
    # Frames: around a symbol, between two, and a control in the middle of one.
    (f"\x02]d201{GTIN}10A\x1d17271231\x03\r\n", {"lot": "A"}),
    (f"\x02]d201{GTIN}10A\x03\x0217200101\x03", {"lot": "A", "expiry": "2020-01-01"}),
    (f"\x02]d201{GTIN}10A\x03\r\x0217200101\x03", {"lot": "A", "expiry": "2020-01-01"}),
    (f"]d201{GTIN}10A\x0221B", {"lot": "A", "serial": "B"}),
    # Frames and terminators written out.
    (f"]d201{GTIN}21SN1<CR>", {"serial": "SN1"}),
    (f"]d201{GTIN}21SN1<CR><LF>", {"serial": "SN1"}),
    (f"]d201{GTIN}21SN1<TAB>", {"serial": "SN1"}),
    (f"]d201{GTIN}21SN1\\r\\n", {"serial": "SN1"}),
    (f"<STX>]d201{GTIN}21SN1{{ETX}}", {"serial": "SN1"}),
    (f"]d201{GTIN}21SN1CR", {"serial": "SN1CR"}),
    *(
        (f"]d201{GTIN}21SN1{end}", {"serial": "SN1"})
        for end in (
            "<CRLF>",
            "{RETURN}",
            "[ENTER]",
            "(CR)",
            "<NUL>",
            "_x000D_",
            "%0D%0A",
            "&#13;",
            "^M",
            "\\u000d",
            "␍␊",
            "⏎",
        )
    ),
    *((f"]d201{GTIN}21SN1{end}", {"serial": f"SN1{end}"}) for end in ("<A>", "%2D", "(C)", "_x", "M")),
    ("+A123BJC5D6E71G<CR>", {"issuer": "HIBCC", "valid": True}),
    *(
        (f"]d201{GTIN}21SN1{end}", {"serial": "SN1"})
        for end in ("<13>", "<10>", "<13><10>", "<0D>", "<0D><0A>", "<0x0D>", "<CR/LF>", "<CR+LF>", "[CR-LF]", "<09>")
    ),
    *(
        (f"]d201{GTIN}21SN1{end}", {"serial": f"SN1{end}"})
        for end in ("<12>", "<D>", "<0E>", "<CRT>", "CR/LF", "<130>")
    ),
    # In the middle the end of one symbol, or a tabulator; `<1D>` and its like are separators.
    *(
        (f"]d201{GTIN}21SN1{end}10L7", {"serial": "SN1", "lot": "L7", "error": None})
        for end in (
            "<CR>",
            "<CR><LF>",
            "{CR}",
            "[LF]",
            "<13>",
            "<0D>",
            "<CR/LF>",
            "_x000D_",
            "&#13;",
            "␍␊",
            "<ETX><STX>",
        )
    ),
    *((f"]d201{GTIN}21SN1{end}10L7", {"serial": "SN1", "lot": "L7"}) for end in ("<TAB>", "<1D>", "{1D}", "<1e>")),
    *(
        (f"]d201{GTIN}21SN1{end}X", {"serial": f"SN1{end}X"})
        for end in ("<12>", "<28>", "<D>", "<10>", "<13A>", "<1G>")
    ),
    (f"]d201{GTIN}21SN1<CR>X", {"serial": "SN1"}),
    (f"]d201{GTIN}21SN1<1D>X", {"serial": None, "error": "unknown_ai"}),
    (f"https://id.gs1.org/01/{GTIN}/21/SN1<CR>10L7", {"serial": "SN1", "lot": "L7"}),
    ("[)>{RS}05{GS}01" + GTIN + "10A{RS}{EOT}", {"valid": True, "lot": "A"}),
    ("[)>\\x1e06\\x1d+A123BJC5D6E71G\\x1e\\x04", {"issuer": "HIBCC"}),
    ("[)>␞06␝+A123BJC5D6E71G␞␄", {"issuer": "HIBCC"}),
    *(
        (f"[)>{rs}05{gs}01{GTIN}10A{gs}21B{rs}", {"valid": True, "lot": "A", "serial": "B"})
        for rs, gs in ("^~", "@#", "||")
    ),
    (f"[)>&#30;05&#29;01{GTIN}10A&#30;&#4;", {"valid": True, "lot": "A"}),
    ("[)>\x1e06\x1d=/A9999XYZ100T0944\x1e\x04", {"issuer": "ICCBBA", "di": "A9999XYZ100T0944"}),
    ("[)>\x1e06\x1dMA.156.M0.100472.11103316\x1e\x04", {"issuer": "MA", "valid": True}),
    ("[)>0601", {"issuer": "internal", "error": "not_udi"}),
    ("[)>^^06^]+A123BJC5D6E71G^^^d", {"issuer": "HIBCC", "valid": True}),
    (f"[)>(RS)05(GS)01{GTIN}10A(GS)21B(RS)(EOT)", {"lot": "A", "serial": "B"}),
    (f"[)>0501{GTIN}10A", {"valid": True, "lot": "A"}),
    ("[)>06+A123BJC5D6E71G", {"issuer": "HIBCC", "valid": True}),
    ("[)>0501070320", {"issuer": "internal", "error": "not_udi"}),
    *(
        (
            f"[)>{rs}05{gs}01{GTIN}10A{gs}21B{rs}{eot}",
            {"valid": True, "lot": "A", "serial": "B"},
        )
        for rs, gs, eot in (
            ("<30>", "<29>", "<4>"),
            ("<0x1E>", "<0x1D>", "<0x04>"),
            ("{1E}", "{1D}", "{04}"),
            ("\n", "\x1d", "\x04"),
            ("\r\n", "\x1d", "\x04\r\n"),
            ("\n", "\n", "\n"),
            ("\r", "<GS>", "<EOT>"),
        )
    ),
    (f"[)><1E>05<1D>01{GTIN}10A<1D>21B<1E><04>", {"valid": True, "lot": "A", "serial": "B"}),
    (f"[)><CR>05<GS>01{GTIN}10A<GS>21B<CR>", {"valid": True, "lot": "A", "serial": "B"}),
    ("[)>\n06\x1d+A123BJC5D6E71G\n\x04", {"issuer": "HIBCC", "valid": True}),
    (f"[)>\n05\x1d01{GTIN}10A\n\x04\n]C121B", {"lot": "A", "serial": "B"}),
    ("[)>\n", {"issuer": "invalid", "error": "not_udi"}),
    (f"[)>\n01{GTIN}10A", {"issuer": "internal", "error": "not_udi"}),
    ("[)><31>05<29>01" + GTIN, {"issuer": "internal", "error": "not_udi"}),
    # Numbers prove nothing; with a symbology identifier they are what it says.
    ("3012345678", {"issuer": "internal", "error": "not_udi"}),
    ("30A12345678", {"issuer": "internal", "error": "not_udi"}),
    (f"240{'A' * 31}", {"issuer": "internal", "error": "not_udi"}),
    (f"21{'A' * 21}", {"issuer": "GS1", "error": "too_long"}),
    ("]C13012345678", {"issuer": "GS1", "valid": True, "quantity": 12345678}),
    ("]C130123456789", {"issuer": "GS1", "error": "too_long"}),
    ("17271231101234", {"issuer": "GS1", "lot": "1234"}),
    ("1727123110123", {"issuer": "internal"}),
    ("]C11727123110123", {"issuer": "GS1", "lot": "123"}),
    ("1727123110A12", {"issuer": "GS1", "lot": "A12"}),
    # Capitals and digits.
    ("=,00001A", {"issuer": "ICCBBA", "serial": "00001A"}),
    ("=<e0001V00", {"issuer": "ICCBBA", "error": "bad_character"}),
    ("=<E0001V00", {"issuer": "ICCBBA", "error": None}),
    ("&,1000000000000XYZ123", {"issuer": "ICCBBA", "lot": "000000000000XYZ123"}),
    ("&,1000000000000xyz123", {"issuer": "ICCBBA", "error": "bad_character"}),
    ("&,1000000000000XYZ 23", {"issuer": "ICCBBA", "error": "bad_character"}),
    ("&)012345678a", {"issuer": "ICCBBA", "lot": "012345678a"}),
    ("=)012345678a", {"issuer": "ICCBBA", "error": "bad_character"}),
    # The check pair.
    (f"(01){GTIN}(8014)1987654Ad4X4bL5ttr2310c2K", {"valid": True, "di": GTIN}),
    # The deepest thing that is known.
    (f"https://id.gs1.org/01/{GTIN}/10/", {"issuer": "GS1", "error": "empty_value"}),
    (f"https://id.gs1.org/01/{GTIN}/", {"issuer": "GS1", "error": None}),
    (f"https://id.gs1.org/01/{GTIN}/10", {"issuer": "GS1", "error": "bad_digital_link_path"}),
    ("https://id.gs1.org/01", {"issuer": "GS1", "error": "bad_digital_link_path"}),
    ("https://id.gs1.org/01//10/A", {"issuer": "GS1", "error": "empty_value"}),
    ("https://id.gs1.org/01/", {"issuer": "GS1", "error": "empty_value"}),
    ("https://example.cn/2021/01/", {"issuer": "internal", "error": "not_udi"}),
    ("MA.156.M0.100472.11103316.L", {"issuer": "MA", "error": "empty_value"}),
    ("MA.156.M0.100472.11103316.", {"issuer": "MA", "error": "bad_ma"}),
    ("MA.156.X1.100472.11103316", {"issuer": "MA", "error": "bad_ma"}),
    ("MA.156.130105.100472.11103316", {"issuer": "MA", "error": "not_udi"}),
    ("MA.156", {"issuer": "MA", "error": "bad_ma"}),
    ("MA.15", {"issuer": "internal", "error": "not_udi"}),
    ("=,", {"issuer": "ICCBBA", "error": "too_short"}),
    ("=/A9999XYZ", {"issuer": "ICCBBA", "error": "bad_ppic"}),
    ("&,", {"issuer": "ICCBBA", "error": "too_short"}),
]


@pytest.mark.parametrize(("raw", "expected"), CLASSES)
def test_a_class_is_mended_with_its_neighbours(raw: str, expected: dict[str, Any]) -> None:
    assert said(parse(raw, scanned_on=DAY), set(expected)) == expected


PRIMARY = hibc_primary("A999", "1234", 5)
LOT = hibc_secondary(PRIMARY[-1], "LOT9")
SERIAL = hibc_secondary(PRIMARY[-1], serial="SN1", expiry=date(2027, 12, 31))
OTHER_LOT = hibc_secondary(PRIMARY[-1], "LOT8")
OF_ANOTHER = hibc_secondary(hibc_primary("B123", "77", 1)[-1], serial="SN1")


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        ((PRIMARY, LOT), ("LOT9", None, None)),
        ((PRIMARY, LOT, SERIAL), ("LOT9", "SN1", None)),
        ((PRIMARY, SERIAL, LOT), ("LOT9", "SN1", None)),
        ((PRIMARY, LOT, SERIAL, LOT), ("LOT9", "SN1", None)),
        ((PRIMARY, LOT, OTHER_LOT), (None, None, "conflicting_ai")),
        ((PRIMARY, OF_ANOTHER), (None, None, "conflicting_ai")),
        ((LOT, PRIMARY), ("LOT9", None, None)),
        ((SERIAL, LOT, PRIMARY), ("LOT9", "SN1", None)),
        ((PRIMARY, LOT, SERIAL, PRIMARY), ("LOT9", "SN1", None)),
        (("*", PRIMARY, "**", LOT, "*"), ("LOT9", None, None)),
        ((PRIMARY, "\t", LOT), ("LOT9", None, None)),
        ((LOT, SERIAL), (None, None, "bad_check_character")),
        ((OF_ANOTHER, PRIMARY), (None, None, "bad_check_character")),
        ((PRIMARY, LOT, LOT, LOT, SERIAL), (None, None, "bad_check_character")),
    ],
)
def test_hibc_symbols_read_as_one_string_are_taken_apart(
    symbols: tuple[str, ...], expected: tuple[str | None, str | None, str | None]
) -> None:
    code = parse("".join(symbols), scanned_on=DAY)

    assert (code.lot, code.serial, code.error) == expected
    assert code.di == (None if code.error else "A99912345")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("$/Q5", None),
        ("$+/Q5", None),
        ("$$/Q5", None),
        ("$$+/Q5", None),
        ("$ /Q5", None),
        ("/Q5", None),
        ("//Q5", None),
        ("$//Q5", None),
        ("///Q5", None),
        ("$$7A/S/Q5", None),
        ("$$7A/S/S/Q5", None),
        ("/Q5/", "unknown_data_identifier"),
        ("$", "empty_value"),
        ("$/16D20260101", "empty_value"),
        ("$$", "bad_date"),
    ],
)
def test_a_field_kept_open_in_front_of_a_quantity_says_nothing(content: str, error: str | None) -> None:
    text = f"+A99912345/{content}"
    code = parse(text + hibc_check_character(text), scanned_on=DAY)

    assert (code.error, code.quantity) == (error, None if error else 5)


@pytest.mark.parametrize("half", ["17200101", "21SN1", "21", "172001", "17200132", "112606"])
def test_a_half_that_was_read_in_part_leaves_its_trace_on_the_label(half: str) -> None:
    label = read_label([f"01{GTIN}", half], scanned_on=DAY)

    assert (label.di, label.lot, label.expiry) == (GTIN, None, None)
    assert "looks_like_gs1" in label.flags


def test_four_long_symbols_of_one_label_are_read_as_one_string() -> None:
    def symbol(text: str) -> str:
        return text + hibc_check_character(text)

    primary = symbol("+A999" + "1" * 17 + "5")
    link, supplements = primary[-1], "/16D20111212/14D20300115/Q12"
    others = (
        f"+$LOT456789012345678{supplements}",
        f"+$$+3300115SER456789012345678{supplements}",
        "+16D20111212/14D20300115/Q12",
    )
    text = primary + "".join(symbol(each + link) for each in others)
    assert len(text) > 160

    code = parse(text, scanned_on=DAY)

    assert (code.error, code.lot, code.serial, code.quantity) == (None, "LOT456789012345678", "SER456789012345678", 12)
