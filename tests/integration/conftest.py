"""The books and their twin: tests that name `store` or `ward` run against both."""

from collections.abc import AsyncIterator, Iterator

import pytest

from streams.embedded.database import EmbeddedDatabase
from tests.support import story
from tests.support.databases.given import Given
from tests.support.loops import run
from tests.support.servers import postgres
from tests.support.ward import MemoryStore, Store, Ward, postgres_store, usual


@pytest.fixture(params=["memory", "postgres"])
def place(request: pytest.FixtureRequest) -> str | None:
    """The address of a fresh database, or nothing for the twin."""
    return request.getfixturevalue("database") if request.param == "postgres" else None


@pytest.fixture
async def store(place: str | None) -> AsyncIterator[Store]:
    if place is None:
        yield MemoryStore()
        return
    async with postgres_store(place) as books:
        yield books


@pytest.fixture
async def ward(store: Store) -> Ward:
    return await Ward(store).open(*usual())


@pytest.fixture(scope="session")
def story_template(database_server: EmbeddedDatabase, schema_template: str) -> str:
    """The name of a database that holds the story, that others are copied from."""
    run(database_server.start())
    url = run(postgres.create_database(database_server.url, schema_template))
    run(story.fill(url))
    return postgres.name_of(url)


@pytest.fixture(scope="session")
def given_stories(database_server: EmbeddedDatabase, story_template: str) -> Iterator[Given]:
    """Databases with the story, given from test to test."""
    made = Given(database_server, story_template)
    yield made
    made.close()


@pytest.fixture
def told(database_server: EmbeddedDatabase, given_stories: Given) -> Iterator[str]:
    """The address of a fresh database that holds the story."""
    run(database_server.start())
    url = run(given_stories.take())
    yield url
    run(database_server.start())
    run(given_stories.give_back(url))
