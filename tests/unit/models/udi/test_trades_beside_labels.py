"""Texts of other trades, alone and beside good labels in every way one read combines them: a table.

None reads as a device without a warning that survives to the verdict; none spoils the label beside it.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pytest

from models.charging.books import LabelFacts, label_facts
from models.udi import Flag, read_label

DAY: Final = date(2026, 6, 1)
GTIN: Final = "07032069804988"
WARNINGS: Final = {
    Flag.BARE_GTIN, Flag.RESTRICTED_CIRCULATION, Flag.AHM_UNVERIFIED, Flag.NO_SYMBOLOGY_ID, Flag.LOOKS_LIKE_GS1,
    Flag.PERSONAL_NUMBER, Flag.TELEPHONE_NUMBER, Flag.OTHER_ISSUER, Flag.LOGISTIC,
}  # fmt: skip

TRADES: Final = {
    "Wi-Fi": (
        "WIFI:T:WPA;S:Ward3;P:10abc17271231;;", f"WIFI:S:01{GTIN};T:nopass;;",
        "WIFI:T:WPA2;S:10LOT7;P:21SN1;H:true;;", f"WIFI:T:WEP;S:(01){GTIN};P:1;;",
    ),
    "address card": (
        ("BEGIN:VCARD\nVERSION:3.0\nN:Li;Wei\nTEL:+8613800138000\nTEL;WORK:010-62770334\nADR:10 Main St\nORG:H1\n"
        "NOTE:21\nREV:20210601\nEND:VCARD"),
        "BEGIN:VCARD\nFN:Li\nTEL:13800138000\nEND:VCARD", "MECARD:N:Li,Wei;TEL:13800138000;EMAIL:a@b.cn;;",
        "mailto:a@b.cn",
    ),
    "telephone": (
        "+8613800138000", "+8615270496609", "+86 138 0013 8000", "+44 20 7946 0958", "+1 (555) 010-0199",
        "+49/30/901820", "13800138000", "8613912345678", "010-62770334", "021 6407 1888", "4008-888-888", "10086",
        "17301121101", "tel:+8613800138000", "SMSTO:10086:17271231",
    ),
    "badge, room, ward": (
        "BADGE-00417", "EMP00012345", "*A1234*", "S0123", "ICU-21", "ROOM 210034", "R 10-17", "OR2 BED 10", "2112",
        "10号楼21层", "No. 21", "TEMP 21.5C", "36.5", "O+", "AB-", "B RH+",
    ),
    "price": (
        "2212345012345", "0211234567890", "2900000000001", "PRICE:1234.00", "￥1234.00", "CNY 99.50", "10.50",
        "21,90 EUR", "+10%",
    ),
    "parcel": (
        "SF1234567890123", "RR123456785CN", "1Z999AA10123456784", "00340434161094015902", "JD0012345678901-1-1-",
        "YT2101234567890", "%007110601782532948375101276", "(420)10001",
    ),
    "book, paper": (
        "10.1016/j.jmb.2010.02.030", "10.1000/182", "doi:10.1000/182", "https://doi.org/10.1000/182",
        "9783161484100", "ISBN 978-3-16-148410-0", "9771234567003",
    ),
    "groceries": ("6901234567892", "4006381333931", "96385074", "042100005264"),
    "travel, vehicles": (
        "M1LI/WEI            EABC123 PEKSHACA 1501 152J001A0025 100",
        ("@\n\x1e\rANSI 636026080102DL00410288ZA03290015DLDAQD12345678\nDCSLI\nDACWEI\nDBD20210601\nDBB19800101\n"
        "DBA17271231\nDAG10 MAIN ST\nDAJAZ\nDAK850010000"),
        "粤B12345", "1HGCM82633A004352",
    ),
    "web": (
        "https://example.cn/10/21", "http://example.cn/2021/01/", "https://u.wechat.com/EA10",
        "HTTPS://WWW.X.CN/01/123", "https://qr.alipay.com/fkx10", "weixin://wxpay/bizpayurl?pr=10",
        "otpauth://totp/a?secret=10", "geo:39.9,116.4",
    ),
    "data": (
        '{"id":"010703","lot":"10A"}', f'{{"gtin": "{GTIN}"}}', "<xml>10</xml>", "[10, 21]", "=SUM(A1:A9)", "=12",
        "&copy;", "[)>x", "10a8b6c2-3f4d-4e5f-8a9b-0c1d2e3f4a5b", "21A8B6C23F4D4E5F8A9B0C1D2E3F4A5B",
    ),
    "day, time": (
        "2026-06-01", "10:30", "21:45:00", "17.12.2027", "10/06/2026", "20260601103000", "2026-06-01T10:30:00Z",
    ),
    "laboratory, patient": (
        "202606010012", "LAB2606010012", "2606010012", "110103201012250009", "MRN:0107032069804980", "ZY0012345",
        "住院号 0012345", "R-17-271231-10",
    ),
    "bank, equipment": (
        "6222021234567890123", "4111111111111111", "IMEI 356938035643809", "356938035643809", "P/N 10-2110",
        "101234567890123456789012345", "MF2026", "MA-156-M0",
    ),
    "medicines": (
        "10 mg 1-0-1-0", "Metformin 1000 mg 1-0-1", "PZN-11514764", "C0344051070500007551", "81234567890123456789",
        '<MP v="025" U="02BD2867FB024401A590D59D94E1FFAE" l="de-DE"><P g="Wei" f="Li" b="19800101"/></MP>',
    ),
}  # fmt: skip
TEXTS: Final = tuple(text for texts in TRADES.values() for text in texts)

LABELS: Final = {
    "GS1 with lot": f"]d201{GTIN}1727123110LOT1",
    "GS1 identifier": f"]C101{GTIN}",
    "GS1 identifier, keyboard": f"01{GTIN}",
    "GS1 with expiry, keyboard": f"01{GTIN}10LOT1\x1d17271231",
    "GS1 with lot, keyboard": f"01{GTIN}1727123110LOT1",
    "GS1 printed": f"(01){GTIN}(17)271231(10)LOT1",
    "HIBC": "+A123BJC5D6E71G",
    "MA": "MA.156.M0.100472.11103316",
    "ISBT 128": "=/A9999XYZ100T0944=,000123",
}
BLANK_MAY_BE_DATA: Final = {"GS1 with lot", "GS1 with lot, keyboard", "GS1 printed", "HIBC"}
"""A text behind a blank may be the rest of the lot, or a misread: it is refused by name rather than cut."""


def ways(label: str, text: str) -> Iterator[tuple[str, ...]]:
    """How one read may combine them."""
    yield from ((label, text), (text, label))
    for between in ("\n", "\t", " ", "<CR>"):
        yield from ((f"{label}{between}{text}",), (f"{text}{between}{label}",))


def read(*codes: str) -> LabelFacts:
    return label_facts(read_label(codes, scanned_on=DAY))


def said(label: LabelFacts) -> tuple[Any, ...]:
    return label.issuer, label.di, label.lot, label.serial, label.expiry, label.production


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_of_another_trade_is_no_device(text: str) -> None:
    label = read(text)

    assert label.error is not None or label.di is None or WARNINGS.intersection(label.flags)


@pytest.mark.parametrize("kind", LABELS)
def test_it_spoils_no_good_label(kind: str) -> None:
    good = read(LABELS[kind])
    blank = {f"{LABELS[kind]} {text}" for text in TEXTS} if kind in BLANK_MAY_BE_DATA else set()
    for codes in (each for text in TEXTS for each in ways(LABELS[kind], text)):
        label = read(*codes)
        if label.error and len(codes) == 1 and codes[0] in blank:
            assert said(label)[1:] == (None,) * 5, codes
            continue
        assert (said(label), label.error, label.ambiguous) == (said(good), None, False), codes


@pytest.mark.parametrize("between", ["\t", " "])
@pytest.mark.parametrize("text", ["210034", "2100001234567", "10220603"])
def test_digits_that_act_as_an_element_behind_a_blank_say_that_they_are_doubted(text: str, between: str) -> None:
    for kind in ("GS1 identifier", "GS1 identifier, keyboard", "GS1 with expiry, keyboard"):
        label = read(f"{LABELS[kind]}{between}{text}")
        assert (label.di, label.error) == (GTIN, None)
        assert {Flag.LOOKS_LIKE_GS1, Flag.BARE_GTIN}.intersection(label.flags)
    for codes in ((LABELS["GS1 identifier"], text), (f"{LABELS['GS1 identifier']}\n{text}",)):
        assert said(read(*codes))[2:] == (None,) * 4
        assert WARNINGS.intersection(read(*codes).flags)


def test_the_table_is_long_enough() -> None:
    assert len(set(TEXTS)) == len(TEXTS) >= 104
