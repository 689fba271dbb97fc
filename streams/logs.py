"""Logs: one line an event, on standard error; JSON unless a person reads. No patient, no code, no secret in them."""

import logging.config
import sys
from typing import Any, Final

import structlog


def config(level: str = "INFO") -> dict[str, Any]:
    """Settings of `logging` that send everything, Faust's and aiokafka's too, through structlog, at its own level."""
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
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
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "lines"}},
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


_SHARED: Final[list[structlog.types.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
