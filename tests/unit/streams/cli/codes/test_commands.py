"""`udi parse`, `udi label`, `udi rescue-proof`: lines in, readings and symbols out."""

import json
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import typer
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from models.texts import LOCALES, texts
from models.udi import CodeError, Flag, Issuer, parse
from models.udi import canonical as write
from streams.cli.codes.commands import label_command, parse_command
from streams.cli.codes.explain import explain
from streams.cli.codes.rescue_proof import rescue_proof_command
from streams.cli.codes.symbol import Carrier, png, svg
from streams.visible import visible

app = typer.Typer()
app.command("parse")(parse_command)
app.command("label")(label_command)
app.command("rescue-proof")(rescue_proof_command)
run = CliRunner()

SCANNED_ON = date(2026, 6, 1)
_EXPIRY = date(2027, 12, 31)


def test_every_line_gives_a_line_in_order() -> None:
    raws = ["]d2010703206980498810A\x1d21B", "", "HC1", "+A123BJC5D6E71G", "01070320698049871710", "x" * 20_000, "last"]

    result = run.invoke(app, ["parse", "-"], input="\n".join(raws))

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [row["raw"] for row in rows] == [raw[:8192] for raw in raws]
    assert [row["issuer"] for row in rows] == ["GS1", "invalid", "internal", "HIBCC", "GS1", "invalid", "internal"]


def test_a_row_has_every_field_of_the_contract() -> None:
    result = run.invoke(
        app, ["parse", "--scanned-on", "2026-06-01"], input="01070320698049881127010117280131" + "10AB21CD\r\n"
    )

    assert json.loads(result.stdout) == {
        "issuer": "GS1",
        "di": "07032069804988",
        "lot": "AB21CD",
        "serial": None,
        "expiry": "2028-01-31",
        "production": "2027-01-01",
        "valid": True,
        "error": None,
        "flags": ["suspect_missing_separator"],
        "canonical": "0107032069804988112701011728013110AB21CD",
        "raw": "0107032069804988112701011728013110AB21CD",
        "best_before": None,
        "quantity": None,
        "uom": None,
        "link": None,
        "symbology": None,
        "expiry_precision": "day",
        "elements": [["01", "07032069804988"], ["11", "270101"], ["17", "280131"], ["10", "AB21CD"]],
        "alternatives": [
            {
                "di": "07032069804988",
                "lot": "AB",
                "serial": "CD",
                "expiry": "2028-01-31",
                "production": "2027-01-01",
                "canonical": "0107032069804988112701011728013110AB\x1d21CD",
            }
        ],
    }


def test_json_lines_carry_the_day_of_the_scan() -> None:
    lines = [
        '{"raw": "]d2010703206980498817770131", "scanned_on": "2027-01-01"}',
        '{"raw": "]d2010703206980498817770131"}',
        '{"raw": null}',
    ]

    result = run.invoke(app, ["parse", "--jsonl", "--scanned-on", "2026-06-01"], input="\n".join(lines))

    assert [json.loads(line)["expiry"] for line in result.stdout.splitlines()] == ["2077-01-31", "1977-01-31", None]


@pytest.mark.parametrize("line", ["no json", "[]", "{}", '{"raw": 5}', '{"raw": "A", "scanned_on": "tomorrow"}'])
def test_a_json_line_that_is_none_is_named_and_exits_2(line: str) -> None:
    result = run.invoke(app, ["parse", "--jsonl"], input=f'{{"raw": "A"}}\n{line}\n')

    assert result.exit_code == 2
    assert result.stderr.startswith("Line 2: expected ")
    assert len(result.stdout.splitlines()) == 1


def test_a_lone_surrogate_and_bytes_that_are_no_text_are_written_as_json() -> None:
    result = run.invoke(app, ["parse", "--jsonl"], input='{"raw": "A\\ud800"}')
    assert json.loads(result.stdout)["raw"] == "A\ud800"

    result = run.invoke(app, ["parse"], input=b"HC\xff\n")
    assert json.loads(result.stdout)["flags"] == ["undecodable"]


def test_a_file_is_read_and_a_missing_one_exits_2(tmp_path: Path) -> None:
    file = tmp_path / "codes.txt"
    file.write_bytes(b"HC1\r\nHC2")

    assert len(run.invoke(app, ["parse", str(file)]).stdout.splitlines()) == 2
    missing = run.invoke(app, ["parse", str(tmp_path / "none")])
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "Expected a file that can be read" in missing.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [("A\x1dB", "A␝B"), ("\x7f", "␡"), ("\u200b", "⟨U+200B⟩"), ("\ud800", "⟨U+D800⟩"), ("中 a", "中 a")],
)
def test_invisible_characters_are_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_the_caret_stands_under_the_place() -> None:
    lines = list(explain(parse("]d2010703206980498810A\x1d17271301", scanned_on=SCANNED_ON), "en"))

    text, caret = lines[-2:]
    assert text[caret.index("^") :] == "271301"
    assert lines[-3].endswith("bad_date: This date does not exist.")


def test_each_step_is_explained_with_the_text_after_it() -> None:
    lines = list(explain(parse("\u200b010703206980498810A|21B", scanned_on=SCANNED_ON), "zh-CN"))

    assert lines[:6] == [
        "输入              ⟨U+200B⟩010703206980498810A|21B",
        "步骤 1            已去掉不可见字符。",
        "                  010703206980498810A|21B",
        "步骤 2            其他字符代替了分隔符，已替换。",
        "                  010703206980498810A␝21B",
        "发码机构          GS1",
    ]


def test_alternatives_are_explained() -> None:
    result = run.invoke(app, ["parse", "--explain"], input="010703206980498810AB21CD")

    assert "lot AB, serial CD" in result.stdout


@pytest.mark.parametrize("locale", LOCALES)
def test_every_error_flag_and_issuer_has_a_text(locale: str) -> None:
    words = texts(f"codes.{locale}")

    assert set(words["error"]) == set(CodeError)
    assert set(words["flag"]) == set(Flag)
    assert set(words["issuer"]) == set(Issuer)
    assert words.keys() == texts("codes.en").keys()
    assert words["explain"].keys() == texts("codes.en")["explain"].keys()


_DRAWN = [
    write.gs1_element_string("07032069804988", "LOT-7a", "SN0042", _EXPIRY, date(2025, 12, 1)),
    write.gs1_element_string("07032069804988", expiry=_EXPIRY),
    write.hibc("A123", "BJC5D6E7", 1, "10X3", "S77", _EXPIRY),
    write.ma("MA.156.M0.100472.11103316", "260101A", "SaB1", _EXPIRY),
    write.iccbba("A9999XYZ100T0944", "000025", "XYZ123", _EXPIRY),
    write.ahm("1234567890123", "L1", "S1", _EXPIRY),
]


@pytest.mark.parametrize("carrier", Carrier)
@pytest.mark.parametrize("text", _DRAWN)
def test_what_is_drawn_is_what_a_reader_sends(text: str, carrier: Carrier) -> None:
    code = parse(text, scanned_on=SCANNED_ON)

    picture = Image.open(BytesIO(png(code, carrier)))
    (found,) = zxingcpp.read_barcodes(picture)
    read = parse(f"{found.symbology_identifier}{found.bytes.decode()}", scanned_on=SCANNED_ON)

    assert (read.error, read.canonical, read.di, read.lot, read.serial, read.expiry) == (
        None, code.canonical, code.di, code.lot, code.serial, code.expiry,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["symbol.svg", "symbol.png"])
def test_label_writes_the_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name

    result = run.invoke(app, ["label", "(01)07032069804988(10)A", "-o", str(file), "--carrier", "qr"])

    assert result.exit_code == 0
    code = parse("(01)07032069804988(10)A", scanned_on=SCANNED_ON)
    assert file.read_bytes() == (png(code, Carrier.QR) if name.endswith("png") else svg(code, Carrier.QR).encode())


@pytest.mark.parametrize(
    ("text", "name", "exit_code", "said"),
    [
        ("0107032069804987", "a.svg", 1, "Expected a valid code, got bad_check_digit."),
        ("(01)07032069804988(10)B(2)C", "a.svg", 1, "Expected values without brackets"),
        ("0107032069804988", "a.gif", 2, "Expected a file that ends in .svg or .png"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path: Path, text: str, name: str, exit_code: int, said: str) -> None:
    result = run.invoke(app, ["label", text, "-o", str(tmp_path / name)])

    assert result.exit_code == exit_code
    assert result.stderr.startswith(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [[], ["--explain"]])
@pytest.mark.parametrize("text", ["91{}", "{}{}", "]d2010703206980498821{}", "]d20107032069804988" + "10L1\x1d21{}"])
def test_an_identity_number_is_shown_only_when_asked_for(text: str, options: list[str]) -> None:
    number = "110472202106010018"
    line = text.replace("{}", number) + "\n"

    assert number[3:] not in run.invoke(app, ["parse", *options], input=line).stdout
    assert "2106010018" not in run.invoke(app, ["parse", *options], input=line).stdout
    assert number in run.invoke(app, ["parse", "--clear"], input=line).stdout


def test_rescue_proof_prints_its_figures() -> None:
    result = run.invoke(app, ["rescue-proof", "--labels", "2000", "--devices", "20", "--json"])

    figures = json.loads(result.stdout)
    assert (figures["labels"], figures["wrong"], figures["held"], figures["charge_waits"]) == (2000, 0, 0, 0)
    assert set(figures["kinds"]) >= {"yymmdd", "yyyymmdd", "julian", "week", "prefixed", "mixed case", "with signs"}
    assert result.exit_code == 0


def test_rescue_proof_shows_its_figures_by_kind_of_lot() -> None:
    result = run.invoke(app, ["rescue-proof", "--labels", "600", "--devices", "6"])

    assert "Faultless scanners" in result.stdout
    assert "Repaired right: 100.00% of the repairable." in result.stdout
    assert "of 600 labels (" in result.stdout
    assert "never listed for a person with the right reading: 0." in result.stdout
