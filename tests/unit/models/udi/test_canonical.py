"""The canonical text of a code, and of several symbols in one read, says the same facts when it is read again."""

from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.udi import Issuer, ParsedCode, parse
from models.udi import canonical as write
from models.udi.issuers.gs1.application_identifiers import CSET82

SCANNED_ON: Final = date(2026, 6, 1)
_FIELDS: Final = (
    "issuer", "di", "lot", "serial", "expiry", "production", "best_before", "quantity", "uom", "link", "canonical",
)  # fmt: skip
_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

_days = st.none() | st.integers(-9_000, 17_000).map(lambda days: SCANNED_ON + timedelta(days=days))
_gtins = st.integers(1, 10**6).map(lambda payload: write.gtin(f"{payload:013d}"))
_units = st.none() | st.text(_CAPITALS + "-.", min_size=1, max_size=18)
_wild = st.text(sorted(CSET82), min_size=1, max_size=12) | st.sampled_from((
    "A<GS>B", "A%1DB", "A(21)B", "A<CR>", "A_x001D_B", "A(17)271231", "(10)A", "A&#13;B", "<TAB>", "A(01", "%0D",
))  # fmt: skip


def _percent(value: str) -> str:
    return "".join(character if character.isalnum() else f"%{ord(character):02X}" for character in value)


_gs1 = st.builds(write.gs1_element_string, _gtins, _units, _units, _days, _days)
_printed = st.builds(write.human_readable, _gtins, _units, _units, _days, _days)
_links = st.builds(
    lambda gtin, lot, serial: f"https://x.cn/01/{gtin}/10/{_percent(lot)}/21/{_percent(serial)}", _gtins, _wild, _wild
)
_hibc = st.builds(
    write.hibc,
    st.just("A123"),
    st.text(_CAPITALS, min_size=1, max_size=12),
    st.integers(0, 9),
    _units,
    _units,
    st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
)
_isbt = st.builds(
    write.iccbba,
    st.text("ABCDEFGH0123456789", min_size=16, max_size=16),
    st.none() | st.integers(1, 999_999).map("{:06d}".format),
    st.none() | st.text(_CAPITALS, min_size=1, max_size=18),
    _days,
    _days,
)
_container = st.text("ABC 012.", min_size=10, max_size=10).map(lambda text: f"=){text}")
_ma = st.builds(
    write.ma,
    st.text("0123456789", min_size=8, max_size=8).map(lambda item: write.ma_identifier("100472", item)),
    _units,
    _units,
    _days,
    _days,
)
_ma_xml = st.builds(
    lambda di, lot: f'<UDI IAC="MA"><DI>{di}</DI><LOT>{lot}</LOT></UDI>',
    st.just("MA.156.M0.100472.11103316"),
    st.text("AB019%^*#~,+", min_size=1, max_size=12) | st.just("A%0D"),
)
_ahm = st.builds(write.ahm, st.text("0123456789", min_size=1, max_size=13), _units, _units, _days, _days)
_secondary = st.builds(write.hibc_secondary, st.sampled_from("AG %/"), st.text(_CAPITALS, min_size=1, max_size=12))
_parts = st.sampled_from(
    ("]C11727123110LOT1", "10LOT7", "17271231", "=,000123", "&,1000000000000XYZ123", "]C100336608691004172617",
     "]C102070320698049883710\x1d10A", "]E05901234123457", "HC-0001", "]C117271200")
)  # fmt: skip
_codes = st.one_of(_gs1, _printed, _links, _hibc, _isbt, _container, _ma, _ma_xml, _ahm, _secondary)
_enveloped = st.builds(lambda code: f"[)>\x1e06\x1d{code}\x1e\x04", st.one_of(_hibc, _isbt, _container, _ma))
_several = st.builds(
    lambda codes, between: between.join(codes),
    st.lists(_codes | _parts, min_size=2, max_size=3),
    st.sampled_from(("\n", "\t", "\r\n")),
)


def again(code: ParsedCode) -> ParsedCode:
    """The canonical text read: an element string needs the identifier that obliges it to be one."""
    alone = code.issuer is Issuer.GS1 and not {"\n", "\t"} & {*(code.canonical or "")}
    return parse(f"{']d2' if alone else ''}{code.canonical}", scanned_on=SCANNED_ON)


def facts(code: ParsedCode) -> dict[str, Any]:
    return {name: getattr(code, name) for name in _FIELDS}


@given(st.one_of(_codes, _enveloped, _parts, _several))
@example("+A123BJCMD6E79++$$52001510X3+ ")
@example("[)>\x1e06\x1d=)A12345678 \x1e\x04")
@example("]d201070320698049881710X3\n+A123BJC5D6E71/$$710X3\x1d")
@example("https://x.cn/01/07032069804988/10/A%28%32%31%29B")
@example("0107032069804988\t0107032069804988\thttps://x.cn/01/07032069804988/10/0/21/%3CFS%3E")
def test_the_canonical_text_says_the_same(text: str) -> None:
    code = parse(text, scanned_on=SCANNED_ON)
    if code.valid:
        assert code.canonical is not None
        assert facts(again(code)) == facts(code)


HIBC_LOT = write.hibc("A123", "BJC5D6E7", 1, "10X3")


@pytest.mark.parametrize(
    "text",
    [
        f"]d2010703206980498810{'10X3'}\n{HIBC_LOT}",
        f"{HIBC_LOT}\n]d2010703206980498817271231\x1d1010X3",
        "]d20107032069804988\n]C117271200\n]C117271215",
        "+A123BJC5D6E71G\n9783161484100",
        "+A123BJC5D6E71G\n=,000123",
        "]C10107032069804988\n]C102070320698049883710\x1d10A",
        "+A123BJC5D6E71G\n" + write.hibc_secondary("G", "10X3"),
        "MA.156.M0.100472.11103316\n5901234123457",
    ],
)
def test_of_several_symbols_only_what_is_the_devices_is_canonical(text: str) -> None:
    code = parse(text, scanned_on=SCANNED_ON)

    assert code.valid
    assert facts(again(code)) == facts(code)
