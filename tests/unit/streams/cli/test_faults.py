"""Faults × commands: whatever is away or can't be used is one line that says so, and exit status 2. Never a trace."""

import sys
from pathlib import Path

import pytest

from streams.cli.main import main
from tests.support.every_command import ALONE, ASKING, every_command, files_in, typed

FAULTS = {
    "nobody runs": ({"UDI_DATA_DIR": "{folder}/none"}, "`udi run` is not running in"),
    "a file for the folder": ({"UDI_DATA_DIR": "{folder}/file"}, "which is or lies in a file"),
    "only one address": ({"UDI_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, "Expected both UDI_BOOTSTRAP_SERVERS and"),
    "nobody listens": (
        {"UDI_BOOTSTRAP_SERVERS": "127.0.0.1:1", "UDI_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/udi"},
        "did not answer",
    ),
    "no database address": (
        {"UDI_BOOTSTRAP_SERVERS": "127.0.0.1:1", "UDI_DATABASE_URL": "mysql://u:p@127.0.0.1/udi"},
        # What is loaded goes to the broker alone, and meets that first.
        "expected postgresql://|Database or broker did not answer",
    ),
    "a wrong setting": ({"UDI_LANES": "many"}, "UDI_LANES"),
    "a strange time zone": ({"UDI_TIME_ZONE": "Middle/Earth"}, "Expected a time zone"),
}


def said(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command that is started as a person starts it says on its way out, with exit status 2."""
    monkeypatch.setattr(sys, "argv", ["udi", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2, arguments
    return capsys.readouterr().err


def test_every_command_is_in_the_table() -> None:
    assert set(every_command()) == {*ASKING, *ALONE}


@pytest.mark.parametrize("command", ASKING)
def test_what_is_away_or_wrong_is_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a person's", encoding="utf-8")
    arguments = typed(command, files_in(tmp_path))
    for fault, (settings, expected) in FAULTS.items():
        with monkeypatch.context() as set_up:
            for name, value in settings.items():
                set_up.setenv(name, value.format(folder=tmp_path))
            line = said(arguments, capsys, set_up)

        assert any(each in line for each in expected.split("|")), (fault, line)
        assert line.startswith("udi: "), (fault, line)
        assert len(line.splitlines()) == 1, (fault, line)


@pytest.mark.parametrize("arguments", [["run"], ["demo", "--keep", "--months", "1", "--scans", "100"]])
@pytest.mark.parametrize("below", ["file", "file/deeper", "others"])
def test_a_folder_that_is_not_ours_is_one_line_and_stays_as_it_is(
    arguments: list[str],
    below: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("a person's", encoding="utf-8")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "letter.txt").write_text("a person's", encoding="utf-8")
    monkeypatch.setenv("UDI_DATA_DIR", str(tmp_path / below))

    line = said(arguments, capsys, monkeypatch)

    assert "folder" in line
    assert "Traceback" not in line
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "letter.txt", "others"]
