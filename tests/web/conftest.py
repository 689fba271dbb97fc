"""One live installation for all tests of the gateway and its pages."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

from streams.embedded.database import EmbeddedDatabase
from tests.support.loops import run
from tests.support.servers import browser, postgres
from tests.support.servers.bedside import SEEN_MS, set_up
from tests.support.servers.live import Device, Live, live
from tests.web.browsers import accessible

PER_SECOND: Final = 10
"""Events of one device that the second gateway takes."""
PEOPLE: Final = (
    User(sub="wang", claims={"groups": ["udi-money", "cooks"], "hospital": "H1"}),
    User(sub="li", claims={"groups": ["nurse"], "hospital": "H1"}),
    User(sub="cook", claims={"groups": ["cooks"], "hospital": "H1"}),
    User(sub="homeless", claims={"groups": ["nurse"]}),
)


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """An identity provider; gives its issuer."""
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="session")
def house(database_server: EmbeddedDatabase, schema_template: str, provider: str) -> Iterator[Live]:
    """The installation."""
    roles = '{"udi-money": "finance"}'
    run(database_server.start())
    url = run(postgres.create_database(database_server.url, schema_template))
    with tempfile.TemporaryDirectory(prefix="udistream-web-") as folder:
        secret = Path(folder) / "oidc-secret"
        secret.write_text("a secret of the tests\n", encoding="utf-8")
        with live(
            url, Path(folder), oidc_issuer=provider, oidc_roles=roles, oidc_client_secret_file=str(secret)
        ) as found:
            yield found
    run(postgres.drop_database(database_server.url, url))


@pytest.fixture(scope="session")
def device(house: Live) -> Device:
    """A device with a token."""
    return house.add_device()


@pytest.fixture(scope="session")
def token(house: Live, device: Device) -> dict[str, str]:
    """Its token, as a header."""
    return house.token(device)


@pytest.fixture(scope="session")
def second(house: Live) -> Iterator[Live]:
    """A gateway beside the first: it takes few events of one device, and its terminals read pictures themselves."""
    own = {"UDI_GATEWAY_EVENTS_PER_SECOND": str(PER_SECOND), "UDI_TERMINAL_DECODER": "terminal"}
    with house.gateway(**own) as other:
        other.wait_ready()
        yield other


@pytest.fixture(scope="module")
def chromium(house: Live) -> Iterator[Browser]:
    """A real browser, for as long as a module: while playwright is open no other loop may run in its thread."""
    assert house.services["gateway"].running
    with browser.browser() as started:
        yield started


@pytest.fixture(scope="module")
def shared_context(chromium: Browser) -> Iterator[BrowserContext]:
    """What the tests of a module hand on, emptied each time: `context`."""
    with browser.new_context(chromium, SEEN_MS) as made:
        yield made


@pytest.fixture
def page(house: Live, shared_context: BrowserContext) -> Page:
    """An empty page in a browser that keeps nothing."""
    expect.set_options(timeout=SEEN_MS)
    return browser.emptied(shared_context, house.url)


@pytest.fixture
def context(shared_context: BrowserContext, page: Page) -> BrowserContext:
    """What one person's browser keeps: nothing yet."""
    assert page in shared_context.pages
    return shared_context


@pytest.fixture
def own_context(chromium: Browser) -> Iterator[BrowserContext]:
    """The same, for a test that changes what stays changed: the time, the quota, what another origin keeps."""
    expect.set_options(timeout=SEEN_MS)
    with browser.new_context(chromium, SEEN_MS) as made:
        yield made


@pytest.fixture
def terminal(house: Live, page: Page) -> Page:
    """A bedside terminal that is set up."""
    return set_up(page, house, house.add_device())


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    """The browser of a phone whose pages can be asked for the rules of accessibility."""
    made = accessible.new_context(chromium)
    yield made
    made.close()
