"""`udi load`: templates to fill in, maps to look at, and files of a person that are never written over."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from models.calendar import ZONE_DEFAULT
from models.wording import LOCALES
from streams.cli.loading.column_map import Kind, column_text
from streams.cli.loading.files import FORMS, read_file
from streams.cli.loading.load import TABLES, load_app
from streams.cli.loading.templates import write_template
from tests.support.builders import DI
from tests.unit.streams.cli.loading.test_headings import DICTIONARY, ROW

# Templates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_column_has_a_heading_and_a_sentence_in_both_languages(kind: Kind) -> None:
    for name in TABLES[kind].columns:
        text = column_text(kind, name)
        assert set(text.holds) == set(LOCALES), name
        assert text.headings, name


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", FORMS)
def test_a_template_that_is_filled_in_with_its_examples_loads(kind: Kind, locale: str, tmp_path: Path) -> None:
    _, plain_file = write_template(kind, TABLES[kind], tmp_path, locale)
    instead = {"udi_di", "units", "price"} if kind is Kind.CATALOGUE else set()
    cells = ["" if name in instead else column_text(kind, name).example for name in TABLES[kind].columns]
    quoted = ",".join(f'"{cell}"' for cell in cells)
    plain_file.write_bytes(plain_file.read_bytes() + f"{quoted}\r\n".encode())

    contents = read_file(kind, plain_file, ZONE_DEFAULT)

    assert [(row.column, row.reason) for row in contents.bad] == []
    assert len(contents.good) == 1


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", FORMS)
def test_an_empty_template_is_understood_whole(kind: Kind, locale: str, tmp_path: Path) -> None:
    for path in write_template(kind, TABLES[kind], tmp_path, locale):
        contents = read_file(kind, path, ZONE_DEFAULT)
        assert contents.columns is not None
        assert list(contents.columns.columns.values()) == list(TABLES[kind].columns)
        assert (contents.good, contents.bad, contents.columns.unread) == ([], [], ())


# The command ------------------------------------------------------------------------------------------------------


def udi_load(*arguments: str) -> Any:
    return CliRunner().invoke(load_app, list(arguments))


def test_a_proposed_map_is_shown_and_taken_only_when_a_person_says_so(file: Path) -> None:
    file.write_text(f"{DICTIONARY}\n{ROW}\n", encoding="utf-8")

    checked = udi_load("catalogue", str(file), "--hospital", "H1", "--dry-run")
    unasked = udi_load("catalogue", str(file), "--hospital", "H1")

    assert (checked.exit_code, unasked.exit_code) == (0, 2)
    assert "零售价 → price" in checked.stderr
    assert "Not read: 注册证号" in checked.stderr
    assert "  注册证号: no record has a field for the number of the certificate" in checked.stderr
    assert "--yes takes them" in unasked.stderr


def test_a_map_can_be_kept_changed_and_given(file: Path, tmp_path: Path) -> None:
    file.write_text(f"Nr,Text,DI\nP1,a,{DI}\n", encoding="utf-8")
    kept = tmp_path / "map.toml"

    saved = udi_load("catalogue", str(file), "--save-map", str(kept))
    text = kept.read_text(encoding="utf-8").replace('"Nr" = ""', '"Nr" = "item_code"')
    kept.write_text(text.replace('"Text" = ""', '"Text" = "name"'), encoding="utf-8")
    loaded = udi_load("catalogue", str(file), "--hospital", "H1", "--map", str(kept), "--dry-run")

    assert saved.exit_code == 0
    assert loaded.exit_code == 0
    assert "1 items would be loaded, 0 bad rows" in loaded.stdout


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_command_and_its_template(kind: Kind, tmp_path: Path) -> None:
    commands: Any = typer.main.get_command(load_app)
    assert kind in commands.commands

    written = udi_load("template", kind, str(tmp_path))

    assert written.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{kind}.csv", f"{kind}.xlsx"]


def test_the_folder_of_a_template_is_made_and_a_file_is_none(tmp_path: Path) -> None:
    made = udi_load("template", "stores", str(tmp_path / "a" / "b"))
    refused = udi_load("template", "stores", str(tmp_path / "a" / "b" / "stores.csv" / "c"))

    assert made.exit_code == 0
    assert (tmp_path / "a" / "b" / "stores.xlsx").is_file()
    assert refused.exit_code == 2
    assert refused.stderr.endswith("stores.csv/c, which is or lies in a file.\n")


@pytest.mark.parametrize(
    "words",
    [("template", "catalogue", "."), ("udid", "udid.csv", "--propose", "catalogue.csv"),
     ("catalogue", "items.csv", "--save-map", "catalogue.csv")],
)  # fmt: skip
def test_a_file_that_somebody_may_have_filled_in_is_never_written_over(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    filled = Path("catalogue.csv")
    filled.write_text("mine", encoding="utf-8")

    refused = udi_load(*words)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "udi: Expected a file that does not exist yet, got catalogue.csv.\n"
    assert [(each.name, each.read_text(encoding="utf-8")) for each in Path().iterdir()] == [("catalogue.csv", "mine")]
