"""Logs: one line an event, on standard error; JSON unless a person reads. No patient, no code, no secret in them."""

import logging.config
import sys
from typing import Any, Final

import structlog

from streams.visible import plain


def config(level: str = "INFO") -> dict[str, Any]:
    """Settings of `logging` that send everything, Faust's and aiokafka's too, through structlog, at its own level."""
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    # Past the guard of `streams.cli.shown`: what is logged is visible already, colours are ours.
    stream = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": stream, "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {noisy: {"level": "WARNING"} for noisy in ("aiokafka", "faust", "mode", "asyncio", "alembic")},
    }


def configure(*, level: str = "INFO") -> None:
    """Send everything, Faust's and aiokafka's too, through structlog."""
    logging.config.dictConfig(config(level))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _visible(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """What others wrote (a topic's text in an error) can't steer the terminal of who reads the log."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = plain(value, lines=True)
    return event


_SHARED: Final[list[structlog.types.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _visible,
]
