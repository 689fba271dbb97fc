"""What is served and was written by others is what its maker published, and says so."""

import base64
import json
from hashlib import sha512
from pathlib import Path
from typing import Final

from models.wording import LOCALES, texts

FOLDER: Final = Path(__file__).parents[2] / "streams" / "web" / "static"
VENDORED: Final = json.loads((FOLDER / "vendor" / "vendored.json").read_text(encoding="utf-8"))


def test_every_vendored_file_has_its_hash() -> None:
    served = {path.name for path in (FOLDER / "vendor").iterdir() if path.suffix in {".js", ".wasm"}}
    assert served == set(VENDORED)
    for name, said in VENDORED.items():
        body = (FOLDER / "vendor" / name).read_bytes()
        assert said["integrity"] == "sha512-" + base64.b64encode(sha512(body).digest()).decode()
        assert (FOLDER / "vendor" / name).with_suffix(".LICENSE").exists()


def test_all_script_is_below_100_kb() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.js")) < 100_000


def test_nothing_inline_stands_in_a_template() -> None:
    for path in (FOLDER.parent / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert " on" not in {part[:3] for part in text.split("<")}, path


def test_both_languages_of_the_pages_have_the_same_words() -> None:
    tables = [texts(f"web.{locale}") for locale in LOCALES]
    assert {name: set(table) for name, table in tables[0].items()} == {n: set(t) for n, t in tables[1].items()}
