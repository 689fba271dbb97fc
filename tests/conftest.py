"""The real parts that tests share: one PostgreSQL and one Kafka per session (and xdist worker), clean for each test.

A part that this machine cannot run is left out with one line at the end, and the tests that name its fixture are
deselected; the fixture `broker` then stands for one broker fewer.
"""

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from tests.support import loops
from tests.support.databases.given import Given
from tests.support.loops import run
from tests.support.servers import browser, folders, kafka, postgres, promtool, released
from tests.support.session import quick
from tests.support.session.compiled import compile_once
from tests.support.session.together import Ends, mixed, place_of, scheduler

MISSING: Final = {
    **({} if kafka.available() else {"real_kafka": kafka.MISSING, "real_kafka_server": kafka.MISSING}),
    **({} if promtool.find() else {"promtool_path": promtool.MISSING}),
    **({} if browser.find() else {"chromium": browser.MISSING}),
    **({} if released.find() else {"last_release": released.MISSING}),
}
"""Why a fixture is left out here, by its name."""

IN_MEMORY: Final = folders.move_to_memory()
"""Where the data of servers are; nothing in a worker of xdist, whose data are where those of its controller are."""

settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # A busy machine is no fault of what is tested.

ENDS: Final = Ends()
"""When the processes of xdist were done."""

quick.watch()

PYTEST_CURRENT: Final = "PYTEST_CURRENT_TEST"
"""The variable that pytest itself changes."""

BROKERS: Final = ("embedded_broker",) if "real_kafka" in MISSING else ("embedded_broker", "real_kafka")


def pytest_configure(config: pytest.Config) -> None:
    """The processes of xdist find every module compiled."""
    compile_once(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share a server that is dear to start run in one process."""
    return scheduler(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected lives to the end: garbage is looked for neither meanwhile nor, ever after, in it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest begin first; mark those with a server; deselect tests that need a part which is not here."""
    late = mixed(item.nodeid for item in items)
    items.sort(key=lambda item: (place_of(item.nodeid), late[item.nodeid.partition("::")[0]]))
    for item in items:
        quick.mark(item)
    left_out = [item for item in items if MISSING.keys() & set(getattr(item, "fixturenames", ()))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Iterator[None]:
    """What a test starts is noted from here on."""
    quick.begin()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A quick test that has started a process or a server fails."""
    result = yield
    quick.check(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """What a test has left in the loop it shares ends with it."""
    try:
        return (yield)
    finally:
        loops.cancel_what_is_left()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process of xdist has ended, and what it shared has stopped."""
    ENDS.note(node.gateway.id)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, a line each, and how long each process was at work."""
    for line in sorted(set(MISSING.values())):
        terminalreporter.write_line(line)
    if ended := ENDS.line():
        terminalreporter.write_line(ended)


def pytest_unconfigure() -> None:
    """Give the memory back."""
    if IN_MEMORY is not None:
        folders.remove(IN_MEMORY)


@pytest.fixture(autouse=True)
def environment_stays() -> Iterator[None]:
    """No setting of a test reaches the next one.

    Commands that a test runs at once, each with an environment of its own, may leave that of one of them: the next
    `udi run` that should refuse a folder then serves the books of another test for ever.
    """
    before = kept()
    yield
    if (now := kept()) != before:
        for name in now.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def kept() -> dict[str, str]:
    """The environment without what pytest itself changes."""
    return {name: value for name, value in os.environ.items() if name != PYTEST_CURRENT}


@pytest.fixture(scope="session", autouse=True)
async def one_loop() -> AsyncIterator[None]:
    """The loop of all tests of this process."""
    with loops.shared(asyncio.get_running_loop()):
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for servers, with a short path, that is gone after the test."""
    with tempfile.TemporaryDirectory(prefix="udistream-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def database_server() -> Iterator[EmbeddedDatabase]:
    """The PostgreSQL of this session, for tests that kill it; the next test finds it running again.

    It does not wait for the disk: tests kill processes, never the machine, and every dropped database would wait for
    a checkpoint (0.6 to 8 s seen). Who looks at the promise itself asks for `synced`.
    """
    with tempfile.TemporaryDirectory(prefix="udistream-postgres-") as name:
        server = EmbeddedDatabase(Path(name))
        run(server.start())
        run(postgres.synchronise(server.url, on=False))
        run(postgres.hash_lightly(server.url))
        yield server
        run(server.stop())


@pytest.fixture
def synced(database_server: EmbeddedDatabase) -> Iterator[None]:
    """The server of this session waits for the disk, as the embedded one does for its users."""
    run(database_server.start())
    run(postgres.synchronise(database_server.url, on=True))
    yield
    run(database_server.start())
    run(postgres.synchronise(database_server.url, on=False))


@pytest.fixture(scope="session")
def schema_template(database_server: EmbeddedDatabase) -> str:
    """The name of a database with the newest schema and nothing in it, that others are copied from."""
    run(database_server.start())
    return run(postgres.create_template(database_server.url))


@pytest.fixture(scope="session")
def given(database_server: EmbeddedDatabase, schema_template: str) -> Iterator[Given]:
    """Databases with the schema, given from test to test."""
    made = Given(database_server, schema_template)
    yield made
    made.close()


@pytest.fixture
def database(database_server: EmbeddedDatabase, given: Given) -> Iterator[str]:
    """The address of a fresh database, `postgresql://user:password@127.0.0.1:port/name`: the schema, no installation.

    `migrate` finds nothing to do in it but to say whose books they are.
    """
    run(database_server.start())
    url = run(given.take())
    yield url
    run(database_server.start())
    run(given.give_back(url))


@pytest.fixture
def empty_database(database_server: EmbeddedDatabase) -> Iterator[str]:
    """The address of a database in which nothing was ever made."""
    run(database_server.start())
    url = run(postgres.create_database(database_server.url))
    yield url
    run(database_server.start())
    run(postgres.drop_database(database_server.url, url))


@pytest.fixture
def embedded_broker(folder: Path) -> Iterator[EmbeddedBroker]:
    """A fresh embedded broker; it starts in some hundredths of a second, so every test has its own."""
    broker = EmbeddedBroker(folder)
    run(broker.start())
    yield broker
    run(broker.stop())


@pytest.fixture(scope="session")
def real_kafka_server() -> Iterator[kafka.RealKafka]:
    """The Kafka of this session."""
    with tempfile.TemporaryDirectory(prefix="udistream-kafka-") as name:
        server = kafka.RealKafka(Path(name))
        run(server.start())
        yield server
        run(server.kill())


@pytest.fixture
def real_kafka(real_kafka_server: kafka.RealKafka) -> Iterator[kafka.RealKafka]:
    """A running Kafka without topics; transactional ids and groups of earlier tests are known to it."""
    run(real_kafka_server.start())
    yield real_kafka_server
    run(real_kafka_server.start())
    run(kafka.delete_all_topics(real_kafka_server.bootstrap_servers))


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> kafka.Broker:
    """Each broker that this machine can run, without topics."""
    found: kafka.Broker = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def last_release(folder: Path) -> Path:
    """The files of the last release."""
    return released.unpack(folder / "release")


@pytest.fixture(scope="session")
def promtool_path() -> Path:
    """Where `promtool` is."""
    found = promtool.find()
    assert found is not None
    return found
