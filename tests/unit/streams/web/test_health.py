import pytest
from aiohttp import ClientSession

from sinks.metrics.counts import Metrics
from streams.web.health import Contact, Readiness, health_app, serve


def well(assigned: int | None = None, lag_records: int = 0, stopped: str | None = None) -> Contact:
    return Contact(True, True, assigned, lag_records, stopped)


@pytest.mark.parametrize(
    ("contact", "reasons"),
    [
        (well(), ()),
        (Contact(), ("The broker does not answer.", "The database does not answer.")),
        (Contact(broker=True), ("The database does not answer.",)),
        (well(assigned=0, lag_records=0), ()),
        (well(assigned=0, lag_records=3), ("No partition is assigned, and 3 records wait.",)),
        (well(assigned=1, lag_records=3), ()),
        (well(assigned=None, lag_records=3), ()),
        (well(assigned=1, stopped="It is new."), ("Stopped: a person must look. It is new.",)),
    ],
)
def test_a_process_is_ready_when_nothing_stands_in_its_way(contact: Contact, reasons: tuple[str, ...]) -> None:
    assert contact.readiness() == Readiness(reasons)
    assert contact.readiness().ready is (not reasons)


@pytest.mark.starts
async def test_a_process_answers_alive_ready_and_counted() -> None:
    contact = Contact()
    async with serve(health_app(Metrics(), contact.readiness), "127.0.0.1", 0) as port, ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        async with session.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"alive": True})
        async with session.get(f"{url}/readyz") as answer:
            reasons = ["The broker does not answer.", "The database does not answer."]
            assert (answer.status, await answer.json()) == (503, {"ready": False, "reasons": reasons})
        contact.broker = contact.database = True
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True, "reasons": []})
        async with session.get(f"{url}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert "udi_ready 1.0" in (await answer.text()).splitlines()


@pytest.mark.starts
async def test_a_port_that_is_taken_is_said() -> None:
    app = health_app(Metrics(), Readiness)
    async with serve(app, "127.0.0.1", 0) as port:
        with pytest.raises(OSError, match=str(port)):
            async with serve(health_app(Metrics(), Readiness), "127.0.0.1", port):
                pass
