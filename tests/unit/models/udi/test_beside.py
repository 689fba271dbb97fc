"""What stands beside a device on one label: it adds by the standard's rules, or is left out with a warning."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, Issuer, Label, read_label
from models.udi.canonical import hibc_check_character, hibc_primary, hibc_secondary, iccbba

DAY = date(2026, 6, 1)
GTIN = "07032069804988"
DEVICE = f"]d201{GTIN}"
GOOD = f"]d201{GTIN}1727123110LOT1"
SSCC = "00336608691004172617"
CONTENTS = f"02{GTIN}3710"
HIBC = hibc_primary("A123", "BJC5D6E7", 1)
MA = "MA.156.M0.100472.11103316"
ISBT = "=/A9999XYZ100T0944"
OLD = date(2020, 1, 1)


def read(*codes: str) -> Label:
    return read_label(codes, scanned_on=DAY)


def facts(label: Label) -> tuple[str | None, str | None, date | None, date | None]:
    return label.lot, label.serial, label.expiry, label.production


@pytest.mark.parametrize("symbology", ["]C1", ""])
@pytest.mark.parametrize("device_first", [True, False])
def test_lot_and_dates_beside_an_sscc_are_those_of_the_trade_item(symbology: str, device_first: bool) -> None:
    carton = f"{symbology}{SSCC}1720010110OLD"
    label = read(*((DEVICE, carton) if device_first else (carton, DEVICE)))

    assert (label.di, label.lot, label.expiry, label.error, label.conflict) == (GTIN, "OLD", OLD, None, False)
    assert read(GOOD, carton).conflict
    assert read(f"{carton}\n17200101", DEVICE).expiry == OLD


@pytest.mark.parametrize("contents", [(f"]C1{SSCC}{CONTENTS}\x1d17200101",), (f"]C1{CONTENTS}", f"]C1{SSCC}17200101")])
def test_lot_and_dates_of_a_units_contents_are_not_the_devices_and_leave_their_trace(contents: tuple[str, ...]) -> None:
    label = read(DEVICE, *contents)

    assert (label.di, facts(label), label.conflict) == (GTIN, (None,) * 4, False)
    assert Flag.LOGISTIC in label.flags


@pytest.mark.parametrize(
    ("second", "conflict", "flagged"),
    [
        ("]C110LOT2", True, False),
        ("]C110LOT1", False, False),
        ("10LOT2", False, True),
        ("]C117200101", True, False),
        ("17200101", False, True),
        ("1720010110LOT1", True, True),
    ],
)
def test_a_second_symbol_is_never_dropped_without_a_trace(second: str, conflict: bool, flagged: bool) -> None:
    label = read(GOOD, second)

    assert (label.lot, label.expiry, label.conflict) == ("LOT1", date(2027, 12, 31), conflict)
    assert bool({Flag.LOOKS_LIKE_GS1, Flag.NO_SYMBOLOGY_ID}.intersection(label.flags)) is flagged


FOREIGN_NUMBERS = (
    "10.1016/j.jmb.2010.02.030", "10a8b6c2-3f4d-4e5f-8a9b-0c1d2e3f4a5b", "21A8B6C23F4D4E5F8A9B0C1D2E3F4A5B",
    "7003aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "10/2021/1234567890123/17271231/A", "]C010a8b6c2-3f4d-4e5f-8a9b-0c1d2e3f4a5b",
)  # fmt: skip


@pytest.mark.parametrize("device", [GOOD, HIBC, MA, ISBT, f"(01){GTIN}(10)LOT1"])
@pytest.mark.parametrize("number", FOREIGN_NUMBERS)
def test_a_long_number_that_begins_like_a_lot_refuses_no_device(device: str, number: str) -> None:
    for codes in ((device, number), (number, device)):
        label = read(*codes)
        assert (label.di, facts(label)) == (read(device).di, facts(read(device)))
        assert (label.error, label.conflict, label.alternatives) == (None, False, ())
        assert Flag.LOOKS_LIKE_GS1 in label.flags


@pytest.mark.parametrize(
    "number", ["]C110a8b6c2-3f4d-4e5f-8a9b-0c1d2e3f4a5b", "(10)10a8b6c2-3f4d-4e5f-8a9b", "1727123110" + "A" * 21]
)
def test_what_says_that_it_is_gs1_and_is_too_long_is_the_error_of_the_label(number: str) -> None:
    assert read(GOOD, number).error is CodeError.TOO_LONG
    assert read(FOREIGN_NUMBERS[1]).error is CodeError.TOO_LONG


PARTS = ("]C11720010110OLD", "1720010110OLD", "=,000123", "=>019031", "&,1000000000000XYZ123", "(17)200101(10)OLD")


@pytest.mark.parametrize("device", [f"]d201{GTIN}", HIBC, MA, ISBT, "]E07032069804988"])
@pytest.mark.parametrize("part", PARTS)
def test_parts_of_one_issuer_are_never_given_to_a_device_of_another(device: str, part: str) -> None:
    alone, own = read(device), read(part).issuer is read(device).issuer
    for codes in ((device, part), (part, device), (f"{device}\n{part}",)):
        label = read(*codes)
        assert (label.issuer, label.di, label.conflict) == (alone.issuer, alone.di, False)
        assert (facts(label) == facts(alone)) is not own
        assert (Flag.OTHER_ISSUER in label.flags) is not own


def test_a_donation_number_beside_a_device_of_another_issuer_leaves_its_trace() -> None:
    donation = "=A99991712345600"

    assert Flag.OTHER_ISSUER in read(GOOD, donation).flags
    assert Flag.OTHER_ISSUER not in read(ISBT, donation).flags
    assert Flag.OTHER_ISSUER not in read(GOOD, "HC-0001").flags


def test_parts_of_another_issuer_with_the_same_lot_belong_to_the_device() -> None:
    hibc = "+A123BJC5D6E71/$$7OLD"
    label = read(hibc + hibc_check_character(hibc), "]C11720010110OLD")

    assert (label.lot, label.expiry, label.conflict, label.flags) == ("OLD", OLD, False, ())
    assert read(iccbba("A9999XYZ100T0944", serial="000123"), "]C12100012317200101").expiry is None
    assert read(iccbba("A9999XYZ100T0944", serial="000123"), "]C11720010121000123").expiry == OLD


def test_a_hibc_secondary_says_by_its_link_that_it_is_of_another_device() -> None:
    for device in (DEVICE, GOOD, MA, ISBT):
        label = read(device, hibc_secondary(HIBC[-1], lot="10X3"))
        assert (label.conflict, facts(label)) == (True, facts(read(device)))
    assert not read(GOOD, HIBC[:-1] + "/$$7LOT1" + hibc_check_character(HIBC[:-1] + "/$$7LOT1")).conflict


@pytest.mark.parametrize("badge", ["MF2026", "MF1", "MF1234567890123"])
def test_what_merely_passes_as_an_ahm_code_contradicts_no_device(badge: str) -> None:
    for device in (GOOD, HIBC, MA):
        label = read(badge, device)
        assert (label.di, label.error, label.conflict) == (read(device).di, None, False)
        assert Flag.AHM_UNVERIFIED in label.flags
    assert read(badge, "MF777").conflict
    assert read(GOOD, "MF2026BALOT1").di == GTIN
    assert not read(GOOD, "MF2026BALOT1").conflict


VALID_BY_CHANCE = "+8615270496609"
"""A telephone number with the check character of a HIBC secondary."""


@pytest.mark.parametrize("device", [GOOD, DEVICE, HIBC, MA, ISBT])
@pytest.mark.parametrize(
    "telephone", [VALID_BY_CHANCE, "+8613800138000", "+86 138 0013 8000", "+1 (555) 010-0199", "+49/30/901820"]
)
def test_a_telephone_number_is_left_out_beside_a_device(device: str, telephone: str) -> None:
    for codes in ((device, telephone), (telephone, device), (f"{device}\n{telephone}",), (f"{telephone}\t{device}",)):
        label = read(*codes)
        assert (label.di, facts(label)) == (read(device).di, facts(read(device)))
        assert (label.error, label.conflict) == (None, False)
        assert Flag.TELEPHONE_NUMBER in label.flags


def test_a_telephone_number_is_no_code_unless_its_check_character_is_right() -> None:
    assert (read("+8613800138000").issuer, read("+8613800138000").error) == (Issuer.INTERNAL, CodeError.NOT_UDI)
    assert read(VALID_BY_CHANCE).issuer is Issuer.HIBCC
    assert Flag.TELEPHONE_NUMBER in read(VALID_BY_CHANCE).flags
    assert read("+8613800138000A").error is CodeError.BAD_CHECK_CHARACTER
    assert Flag.TELEPHONE_NUMBER not in read(hibc_secondary("G", lot="10X3")).flags
    for short in ("+10%", "+5V", "+86", "+1"):
        assert (read(short).issuer, read(GOOD, short).error) == (Issuer.INTERNAL, None)


@pytest.mark.parametrize("between", ["\n", "\r\n", "\t", " "])
@pytest.mark.parametrize("device", [DEVICE, GOOD, f"01{GTIN}", f"01{GTIN}10LOT1\x1d17271231"])
@pytest.mark.parametrize(
    "number",
    ["17301121101", "2112", "1012", "10:30", "21:45:00", "10.50", "10/06/2026", "17300101101"],
)
def test_a_number_behind_a_device_adds_nothing_and_leaves_its_trace(device: str, between: str, number: str) -> None:
    label = read(f"{device}{between}{number}")

    assert (label.di, facts(label), label.error) == (GTIN, facts(read(device)), None)
    assert {Flag.LOOKS_LIKE_GS1, Flag.BARE_GTIN}.intersection(label.flags)


@pytest.mark.parametrize(
    ("text", "unit", "flag"),
    [
        (f"01{GTIN}\n10LOT7", ("LOT7", None, None), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}\n17200101", (None, None, OLD), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}\n210034", (None, None, None), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}\n17200101\n210034", (None, "0034", OLD), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}\nROOM\n210034", (None, None, None), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}\n1720010110LOT7", ("LOT7", None, OLD), Flag.NO_SYMBOLOGY_ID),
        (f"01{GTIN}\n172001011012345", ("12345", None, OLD), Flag.NO_SYMBOLOGY_ID),
        (f"01{GTIN}\n(10)LOT7", ("LOT7", None, None), Flag.NO_SYMBOLOGY_ID),
        (f"01{GTIN}10LOT1 17200101", ("LOT1", None, OLD), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}10LOT1 21SN1", ("LOT1", "SN1", None), Flag.SPACE_AS_GS),
        (f"01{GTIN}10LOT1 210034", ("LOT1", "0034", None), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}10LOT1\t210034", ("LOT1", "0034", None), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}10LOT1 21034", ("LOT1", None, None), Flag.LOOKS_LIKE_GS1),
        (f"(01){GTIN}(10)LOT1\t210034", ("LOT1", "0034", None), Flag.LOOKS_LIKE_GS1),
        (f"01{GTIN}10LOT1\n10LOT2", ("LOT1", None, None), Flag.LOOKS_LIKE_GS1),
        (f"]d201{GTIN}10LOT1 10LOT2", ("LOT1", None, None), Flag.LOOKS_LIKE_GS1),
        (f"]d201{GTIN}10LOT1\t10LOT2", ("LOT1", None, None), Flag.LOOKS_LIKE_GS1),
    ],
)
def test_what_adds_without_a_symbology_identifier_says_so(
    text: str, unit: tuple[str | None, str | None, date | None], flag: Flag
) -> None:
    label = read(text)

    assert (label.di, facts(label)[:3], label.error) == (GTIN, unit, None)
    assert flag in label.flags


def test_a_symbol_with_its_identifier_adds_without_a_doubt() -> None:
    assert read(f"]C101{GTIN}\n]C110LOT7").flags == (Flag.CONCATENATED_SCANS,)
    assert read(f"]C101{GTIN}10LOT1\n]C110LOT2").error is CodeError.CONFLICTING_AI
    assert Flag.LOOKS_LIKE_GS1 not in read(f"01{GTIN}17271231 10LOT7").flags


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}10A B C",
        f"01{GTIN}10LOT1 ROOM 5",
        f"{HIBC} ROOM 5",
        f"]d201{GTIN[:8]} 4988",
        f"]d201{GTIN}10LOT1 ROOM 5",
    ],
)
def test_a_blank_that_may_be_part_of_the_code_is_never_a_cut(text: str) -> None:
    label = read(text)

    assert label.error is not None
    assert label.di is None


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}10LOT1 WIFI:T:WPA;S:Ward3;P:1;;", f"01{GTIN}10LOT1 住院号 0012345",
        f"01{GTIN}10LOT1\x1d17271231 ROOM 5", f"01{GTIN}10LOT1\tROOM 5", f"ROOM 5 01{GTIN}10LOT1",
        f"https://id.gs1.org/01/{GTIN}/10/LOT1 WIFI:T:WPA;S:Ward3;P:1;;", f"]d201{GTIN}10LOT1 住院号 0012345",
    ],
)  # fmt: skip
def test_another_text_behind_a_blank_or_tabulator_leaves_the_device_as_it_is(text: str) -> None:
    label = read(text)

    assert (label.di, label.lot, label.error) == (GTIN, "LOT1", None)
    assert Flag.CONCATENATED_SCANS in label.flags


def test_a_long_document_gives_the_device_in_it_and_says_so() -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nN:Li;Wei\nTEL:138\nADR:10 Main St\nORG:H1\nNOTE:21\nREV:20210601\nEND:VCARD"

    assert read(card).di is None
    for text in (f"{GOOD}\n{card}", f"{card}\n{GOOD}", f"{card} {GOOD[3:]}"):
        assert (read(text).di, read(text).lot) == (GTIN, "LOT1")
        assert Flag.LOOKS_LIKE_GS1 in read(text).flags
    assert read("\n".join([GOOD] * 9)).error is CodeError.NOT_UDI
