"""The worker as a Faust app: an agent of its own name for each input topic, and the sweeps as a timer."""

import asyncio
import io
import logging
from pathlib import Path
from typing import Any

import faust
import pytest
from pydantic import SecretStr

from models.wire.topics import TOPICS
from streams import logs
from streams.app import AGENTS, FaustWorker, make_app
from streams.settings import Settings
from streams.wiring import FACT_TOPICS


@pytest.fixture
async def app(tmp_path: Path) -> faust.App:
    return make_app(
        Settings(
            bootstrap_servers="127.0.0.1:9", database_url=SecretStr("postgresql://x@127.0.0.1/x"), data_dir=tmp_path
        )
    )


async def test_every_input_topic_has_an_agent_of_its_name_with_a_help(app: faust.App) -> None:
    assert {topic.name for topic in TOPICS if topic.written_by != "relay"} == set(AGENTS)
    assert {name.replace("-", "_") for name in AGENTS} == set(app.agents)
    assert {"scans", *FACT_TOPICS} == set(AGENTS)
    assert all(agent.help for agent in app.agents.values())


async def test_what_is_recorded_is_counted_by_fausts_monitor(app: faust.App) -> None:
    app.monitor.count("recorded.scans", 3)
    app.monitor.count("recorded.scans", 4)
    assert app.monitor.metric_counts["recorded.scans"] == 7


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("place", [io.StringIO, Terminal])
async def test_a_worker_writes_control_characters_to_terminals_alone(
    app: faust.App, place: type[io.StringIO], capfd: pytest.CaptureFixture[str]
) -> None:
    stdout = place()
    settings: Any = app.conf
    assert settings.Worker is FaustWorker
    worker = FaustWorker(app, stdout=stdout, override_logging=False, quiet=True)

    await worker.on_startup_finished()

    assert ("\x1b" in stdout.getvalue()) is (place is Terminal)
    assert "\x1b" not in capfd.readouterr().err


async def test_logs_keep_their_level_under_fausts_own_settings(
    app: faust.App, capfd: pytest.CaptureFixture[str]
) -> None:
    config: Any = app.conf.logging_config
    assert config["root"]["level"] == "INFO"
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logs.configure()
        logging.getLogger("streams.anything").info("told")
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    assert '"level": "info"' in capfd.readouterr().err
    await asyncio.sleep(0)
