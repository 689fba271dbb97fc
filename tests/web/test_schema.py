"""Whatever the OpenAPI document allows, and much that it does not, is answered, and never by a fault of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from streams.web.app import make_app
from streams.web.gateway.documents import openapi
from tests.support.servers.live import Live


class _Stranger(requests.adapters.HTTPAdapter):
    """From an address of its own: who fails there too often waits, and nobody else."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=("127.0.0.2", 0))


@pytest.fixture
def stranger() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", _Stranger())
        yield session


SCHEMA = schemathesis.openapi.from_dict(openapi(make_app(None))).exclude(path="/v1/verdicts")


@SCHEMA.parametrize()
@settings(max_examples=8, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
def test_no_request_makes_the_gateway_fail(
    case: Any, house: Live, token: dict[str, str], stranger: requests.Session
) -> None:
    for headers in (token, {}):
        answer = case.call(base_url=house.url, headers=headers, session=stranger)
        assert answer.status_code < 500, (case, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json"
