"""TLS to broker and database: with the right authority everything works, with a wrong one nothing is sent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from sinks.postgres.database import open_pool
from sinks.postgres.outbox import Outbox
from streams.cli.main import app
from streams.settings import Settings
from tests.integration.relay.test_relay import relay, until_published
from tests.support.servers.kafka import SASL_PASSWORD, SASL_USER, RealKafka, sasl_ssl
from tests.support.servers.outbox import LANES, write
from tests.support.servers.tls import Authority, authority, postgres_behind_tls

NAME: Final = "localhost"


@pytest.fixture
def known(folder: Path) -> Authority:
    return authority(folder / "known")


@pytest.fixture
async def address(database: str, known: Authority) -> AsyncIterator[str]:
    """The database's address at a port that speaks TLS alone."""
    parts = urlsplit(database)
    async with postgres_behind_tls(database, known) as port:
        yield f"postgresql://{parts.username}:{parts.password}@{NAME}:{port}{parts.path}"


async def udi(environment: Mapping[str, str], *arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=dict(environment))


async def test_init_and_pools_reach_a_database_whose_certificate_they_verify(
    address: str, known: Authority, embedded_broker: RealKafka
) -> None:
    url = f"{address}?sslmode=verify-full&sslrootcert={known.ca}"
    environment = {
        "UDI_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers, "UDI_DATABASE_URL": url,
        "UDI_EMBEDDED_BROKER": "true", "UDI_LOG_APPEND_TIME": "false",
    }  # fmt: skip

    first, again = await udi(environment, "init"), await udi(environment, "init")

    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    pool = await open_pool(url, 1)
    try:
        assert await Outbox(pool).lanes() == 4
    finally:
        pool.terminate()


@pytest.mark.parametrize("host", [NAME, "127.0.0.1"])
async def test_another_authority_is_not_believed(address: str, folder: Path, host: str) -> None:
    stranger = authority(folder / "stranger")
    url = f"{address.replace(NAME, host)}?sslmode=verify-full&sslrootcert={stranger.ca}"

    with pytest.raises((OSError, asyncpg.PostgresError)):
        await open_pool(url, 1)


async def test_a_name_the_certificate_does_not_have_is_not_believed(address: str, known: Authority) -> None:
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await open_pool(f"{address.replace(NAME, '127.0.0.2')}?sslmode=verify-full&sslrootcert={known.ca}", 1)


@pytest.fixture
async def secured(folder: Path, known: Authority) -> AsyncIterator[RealKafka]:
    """A broker that takes TLS and a password, and lets only whom it knows do anything."""
    broker = RealKafka(folder / "kafka", security=sasl_ssl(known))
    await broker.start()
    yield broker
    await broker.kill()


def settings_of(broker: RealKafka, url: str, ca: Path, password: str = SASL_PASSWORD) -> Settings:
    return Settings(
        bootstrap_servers=broker.secure_servers, database_url=SecretStr(url), lanes=LANES, replication_factor=1,
        security_protocol="SASL_SSL", sasl_username=SASL_USER, sasl_password=SecretStr(password), ssl_ca_file=ca,
    )  # fmt: skip


async def test_topics_and_relay_work_over_tls_with_a_password(
    secured: RealKafka, database: str, known: Authority, folder: Path
) -> None:
    settings = settings_of(secured, database, known.ca)
    password = folder / "password"
    password.write_text(SASL_PASSWORD + "\n", encoding="utf-8")
    environment = {
        "UDI_BOOTSTRAP_SERVERS": secured.secure_servers, "UDI_DATABASE_URL": database, "UDI_LANES": str(LANES),
        "UDI_SECURITY_PROTOCOL": "SASL_SSL", "UDI_SASL_USERNAME": SASL_USER, "UDI_SASL_PASSWORD_FILE": str(password),
        "UDI_SSL_CA_FILE": str(known.ca), "UDI_REPLICATION_FACTOR": "1",
    }  # fmt: skip

    made = await udi(environment, "init")

    assert made.exit_code == 0, made.output
    pool = await open_pool(database, 4)
    try:
        ids = await write(pool, 3)
        async with relay(settings, pool):
            assert await until_published(settings, 3) == list(enumerate(ids, 1))
    finally:
        pool.terminate()
    stranger = authority(folder / "stranger")
    for wrong in (
        {"UDI_SSL_CA_FILE": str(stranger.ca)},
        {"UDI_SASL_PASSWORD_FILE": str(known.ca)},
        {"UDI_SECURITY_PROTOCOL": "PLAINTEXT"},
    ):
        refused = await udi(environment | wrong, "doctor")
        assert (refused.exit_code, "no answer from" in refused.stdout) == (1, True), (refused.output, refused.exception)
