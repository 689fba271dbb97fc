"""`udi device`: as a person uses it."""

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from streams.cli.main import app
from tests.support.databases.books import prepare
from tests.support.loops import run


@pytest.fixture
def environment(database: str) -> dict[str, str]:
    run(prepare(database, 2))
    return {
        "UDI_DATABASE_URL": SecretStr(database).get_secret_value(),
        "UDI_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "UDI_LANES": "2",
    }


def udi(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_a_key_is_shown_once_and_a_revoked_device_may_be_added_anew(environment: dict[str, str]) -> None:
    added = udi(environment, "device", "add", "gun1", "--hospital", "H1", "--store", "OR-2", "--by", "li", "--json")
    assert added.exit_code == 0, added.output
    key = json.loads(added.stdout)["key"]

    assert udi(environment, "device", "add", "gun1", "--hospital", "H1").exit_code == 1
    listed = udi(environment, "device", "list", "--json").stdout
    (row,) = json.loads(listed)
    assert (row["device_id"], row["store"], row["signs"], row["added_by"]) == ("gun1", "OR-2", False, "li")
    assert key not in listed
    assert udi(environment, "device", "revoke", "gun1", "--hospital", "H1", "--by", "li").exit_code == 0
    assert udi(environment, "device", "revoke", "gun1", "--hospital", "H1").exit_code == 1
    again = udi(environment, "device", "add", "gun1", "--hospital", "H1", "--signs", "--json")
    assert json.loads(again.stdout)["key"] != key


@pytest.mark.parametrize("arguments", [("a", "--hospital", "H/1"), ("\n", "--hospital", "H1")])
def test_a_name_that_no_scan_may_carry_is_refused(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    refused = udi(environment, "device", "add", *arguments)
    assert (refused.exit_code, "got" in refused.stderr) == (2, True)
