"""Texts of other trades: none reads as a device, or as part of one, without a warning that survives on the label."""

from datetime import date
from typing import Final

import pytest

from models.charging.books import label_facts
from models.personal import holds_identity_number, masked
from models.udi import UDI_ISSUERS, Flag, parse, read_label

DAY = date(2026, 6, 1)
DEVICE = "0107032069804988"
WARNINGS = {
    Flag.BARE_GTIN, Flag.RESTRICTED_CIRCULATION, Flag.AHM_UNVERIFIED, Flag.NO_SYMBOLOGY_ID, Flag.LOOKS_LIKE_GS1,
    Flag.PERSONAL_NUMBER, Flag.LOGISTIC, Flag.DIGITAL_LINK,
}  # fmt: skip
OTHER_TRADES = (
    "WIFI:T:WPA;S:Ward3;P:10abc17271231;;", "WIFI:S:OR-2;T:nopass;;", "WIFI:T:WEP;S:(01)07032069804988;P:1;;",
    "tel:+8613800138000", "+8613800138000", "13800138000", "02087654321", "8613800138000", "4008888888",
    "17301121101", "17261231101", "11260601100", "112606012105", "1727123110123", "172606012105",
    "110103201012250009", "11010320101225000X", "440308199901011512", "110103202106150003", "BADGE-00417", "S0123",
    "EMP00012345", "*A1234*", "6222021234567890123", "2100001234567", "2212345012345", "0211234567890",
    "PRICE:1234.00", "￥1234.00", "CNY 99.50", "3003940001", "300450549108", "371402000013321234", "3112",
    "2012345678", "21000001", "1012345", "240123", "BEGIN:VCARD\nFN:Li\nTEL:13800138000\nEND:VCARD",
    "MECARD:N:Li;TEL:13800138000;;", "mailto:a@b.cn", "https://example.cn/10/21", "https://mp.weixin.qq.com/s/01/abc",
    "http://example.cn/2021/01/", "weixin://dl/chat?10", "SMSTO:10086:17271231", "geo:39.9,116.4",
    "otpauth://totp/a?secret=10", "C0344051070500007551", "81234567890123456789", "LAB2606010012", "2606010012",
    "202606010012", "A2606-10-21", "R-17-271231-10", "ZY0012345", "MRN:0107032069804980", "=SUM(A1:A9)", "&copy;",
    "[)>x", "04150132", "-04150132", "9783161484100", "9771234567003", "2900000000001", "SF1234567890123",
    "RR123456785CN", "00123456789012345675", "(00)123456789012345675", "1Z999AA10123456784",
    "M1LI/WEI            EABC123 PEKSHACA 1501 152J001A0025 100", "440524188001010014", "11010519491231002x",
    "+86 138 0013 8000", "(420)10001", "30A12345678", "17000000", "=12", "+86", "HTTPS://WWW.X.CN/01/123",
    "https://u.wechat.com/EA10", "MF2026", "+44 20 7946 0958", "(10)LAB1", "8613912345678", '{"id":"010703"}',
    "<xml>10</xml>", "MA-156-M0", "MF-1",
)  # fmt: skip


def doubted(flags: tuple[Flag, ...]) -> bool:
    return bool(WARNINGS.intersection(flags))


_GTIN: Final = "07032069804988"
_LOT: Final = "110472202106010018"
"""An item number, a day and a counter; by chance with the check character of a person's number."""


@pytest.mark.parametrize("text", OTHER_TRADES)
def test_a_text_of_another_trade_is_no_device(text: str) -> None:
    code = parse(text, scanned_on=DAY)

    assert not (code.valid and code.issuer in UDI_ISSUERS and code.di is not None) or doubted(code.flags)


@pytest.mark.parametrize("text", OTHER_TRADES)
def test_beside_a_device_it_adds_nothing_without_a_warning_that_survives(text: str) -> None:
    label = read_label([DEVICE, text], scanned_on=DAY)
    facts = label_facts(label)

    assert label.di is None or label.di == DEVICE[2:]
    added = (facts.lot, facts.serial, facts.expiry, facts.production) != (None,) * 4
    assert label.error is not None or not added or doubted(tuple(Flag(flag) for flag in facts.flags))


def test_there_are_enough_of_them() -> None:
    assert len(set(OTHER_TRADES)) >= 52


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("110103201012250009", True),
        ("110103201012250008", False),
        ("11010320101325000X", False),
        ("010103201012250009", False),
        ("1101032010122500090", True),
        ("11010320101225000", False),
        ("ID:110103201012250009", True),
        ("110103 20101225 0009", True),
        ("110103-20101225-0009", True),
        ("1110103201012250009", True),
        ("11110103201012250009", False),
        ("33110103201012250009", False),
        ("110103-20101225-0008", False),
        ("91110103201012250009", True),
        ("90110103201012250009", True),
        ("240110103201012250009", True),
        ("8004110103201012250009", True),
        ("89110103201012250009", False),
        ("110103201012250009110103201012250009", True),
        ("110103201012250009 110103201012250009", True),
        ("1101032010122500091", True),
        ("51101032010122500091", True),
        ("11010320101225000911", False),
        ("110103.20101225.0009", True),
        ("110103  20101225  0009", True),
        ("110103   20101225   0009", True),
        ("110103    20101225    0009", False),
        ("1101 0320 1012 2500 09", True),
        ("110103 2010 1225 0009", True),
        ("1101 0320 1012 2500 08", False),
        ("110103/20101225/0009", True),
        ("110103_20101225_0009", True),
        ("110103,20101225,0009", True),
        ("110103·20101225·0009", True),
        ("110103–20101225–0009", True),
        ("110103\t20101225\t0009", True),
        ("110 103 201 012 250 009", True),
        ("110103201012 250009", True),
        ("110103 2010-12-25 0009", True),
        ("11010320101225000 9", True),
        ("11010320101225000 8", False),
        ("110103 20101325 0000", False),
        ("110103a20101225a0009", False),
        ("00110103201012250009", True),
        ("01110103201012250009", True),
        ("8018110103201012250009", True),
        ("00110103201012250008", False),
        ("160103201012250008", False),
        ("911101201012250006", True),
    ],
)
def test_an_identity_number_is_told_by_its_check_character(text: str, is_one: bool) -> None:
    assert holds_identity_number(text) is is_one
    assert (Flag.PERSONAL_NUMBER in parse(text, scanned_on=DAY).flags) is is_one
    assert (masked(f"a {text} b") != f"a {text} b") is is_one


@pytest.mark.parametrize(
    ("codes", "lot"),
    [
        ([f"(01){_GTIN}(17)271231(10){_LOT}"], _LOT),
        ([f"(01){_GTIN}", f"(10){_LOT}"], _LOT),
        ([f"\x1d01{_GTIN}10A{_LOT}"], f"A{_LOT}"),
        ([f"]d101{_GTIN}1727123110{_LOT}"], _LOT),
        ([f"\\00002601{_GTIN}10{_LOT}"], _LOT),
    ],
)
def test_a_proved_code_keeps_a_lot_that_happens_to_be_an_identity_number(codes: list[str], lot: str) -> None:
    assert holds_identity_number(_LOT)
    label = read_label(codes, scanned_on=DAY)
    assert (label.di, label.lot, label.error) == (_GTIN, lot, None)


@pytest.mark.parametrize("code", [f"]d201{_GTIN}21{_LOT}", f"(01){_GTIN}(21){_LOT}", f"]C101{_GTIN}10L1\x1d21{_LOT}"])
def test_a_proved_code_keeps_its_serial_which_is_masked_where_it_is_shown(code: str) -> None:
    read = parse(code, scanned_on=DAY)
    assert (read.valid, read.serial) == (True, _LOT)
    assert _LOT not in masked(code, (value for _, value in read.elements))
    assert masked(code, ["L1"]).startswith(code[:20])


def test_an_identity_number_is_never_looked_up_as_a_house_code() -> None:
    assert label_facts(read_label(["110103201012250009"], scanned_on=DAY)).text is None
    assert label_facts(read_label(["HC-0001"], scanned_on=DAY)).text == "HC-0001"
    assert Flag.PERSONAL_NUMBER in read_label([DEVICE, "110103201012250009"], scanned_on=DAY).flags
