"""What `udi doctor` says of the machine and the settings alone, before there is a broker or a database."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from streams.cli.main import app
from streams.cli.operating.doctor_machine import State, disk, embedded, machine
from streams.settings import Settings


def states(settings: Settings) -> dict[str, State]:
    return {line.name: line.state for line in machine(settings)}


def test_a_machine_that_was_set_up_is_ok(tmp_path: Path) -> None:
    assert states(Settings(data_dir=tmp_path / "not" / "yet")) == {
        "Python": State.OK, "packages": State.OK, "settings": State.OK, "data folder": State.OK,
        "embedded parts": State.OK,
    }  # fmt: skip


def test_one_address_without_the_other_is_not_ok(tmp_path: Path) -> None:
    assert states(Settings(data_dir=tmp_path, bootstrap_servers="k:9092"))["settings"] is State.NOT_OK


def test_programs_are_missed_only_where_they_are_needed(tmp_path: Path) -> None:
    missing = (("Tansu", lambda: tmp_path / "nowhere"),)
    own = Settings(bootstrap_servers="k:9092", database_url=SecretStr("postgresql://d/x"))

    assert embedded(Settings(), missing).state is State.NOT_OK
    assert embedded(own, missing).state is State.SKIPPED


@pytest.mark.parametrize(("free", "state"), [(1024**3, State.OK), (1024**3 - 1, State.NOT_OK)])
def test_a_full_disk_is_not_ok(tmp_path: Path, free: int, state: State) -> None:
    assert disk(Settings(data_dir=tmp_path), lambda _: free).state is state


def test_embedded_parts_that_do_not_run_are_no_fault(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["doctor"], env={"UDI_DATA_DIR": str(tmp_path), "COLUMNS": "200"})

    assert shown.exit_code == 0
    assert "skipped" in shown.stdout
    assert "→ start them with `udi run` or `udi demo --keep`" in shown.stdout


def test_a_wrong_setting_is_named_without_secrets() -> None:
    shown = CliRunner().invoke(app, ["doctor"], env={"UDI_LANES": "many", "COLUMNS": "200"})

    assert shown.exit_code == 1
    assert "UDI_LANES: Expected a whole number, got 'many'." in shown.stdout
