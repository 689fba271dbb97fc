"""A name that is no setting is refused: a typing error must not leave the default in force."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app, main
from streams.settings import Settings, SettingsError, unknown_names


def test_a_name_that_is_no_setting_is_refused_with_the_one_meant() -> None:
    assert unknown_names(["UDI_DATABASE_URI", "PATH", "UDI_LANES", "UDI_CONFIG", "UDI_LANG", "UDI_CHAOS_SECONDS"]) == [
        "Expected a setting, got UDI_DATABASE_URI; did you mean UDI_DATABASE_URL?"
    ]
    assert unknown_names(["UDI_QQQQ"]) == ["Expected a setting, got UDI_QQQQ."]
    assert unknown_names(["udi_lanes", "UDISTREAM_HOME"]) == []


def test_the_environment_is_looked_at_when_settings_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UDI_LANE", "8")

    with pytest.raises(SettingsError, match="got UDI_LANE; did you mean UDI_LANES"):
        Settings()


def test_a_command_says_it_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("UDI_RETENTION_DAYZ", "8")
    monkeypatch.setattr("sys.argv", ["udi", "init"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("udi: Expected a setting, got UDI_RETENTION_DAYZ")


@pytest.mark.parametrize("named", [("--config", "{}"), ()])
def test_a_file_that_was_named_must_be_there(
    named: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "udi.toml"
    monkeypatch.setenv("UDI_CONFIG", "" if named else str(missing))
    monkeypatch.setattr("sys.argv", ["udi", *(each.format(missing) for each in named), "status"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"udi: Expected a settings file, found none at {missing}.\n"


def test_a_name_in_the_file_that_is_no_setting_is_refused_without_its_value(tmp_path: Path) -> None:
    file = tmp_path / "udi.toml"
    file.write_text('database_pasword = "secret"\n', encoding="utf-8")

    result = CliRunner().invoke(app, ["stock"], env={"UDI_CONFIG": str(file)})

    assert result.exit_code == 2
    assert "UDI_DATABASE_PASWORD: expected a setting, there is none of that name." in result.stderr
    assert "secret" not in result.output + result.stderr
