"""Whose fault an error is."""

import asyncio

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from asyncpg.exceptions import _base as driver

from sinks.ports.batch import ClaimTakenError, LaneMovedError
from streams.lanes.failures import own


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        OSError(28, "no space left"),
        MemoryError(),
        LaneMovedError(),
        ClaimTakenError(),
        KafkaConnectionError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.DeadlockDetectedError(),
        asyncpg.LockNotAvailableError(),
        asyncpg.QueryCanceledError(),
        asyncpg.IdleInTransactionSessionTimeoutError(),
        asyncpg.ReadOnlySQLTransactionError(),
        asyncpg.DiskFullError(),
        asyncpg.AdminShutdownError(),
        asyncpg.UndefinedFunctionError(),
        asyncpg.InsufficientPrivilegeError(),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
    ],
)
def test_the_infrastructure_is_waited_for(error: BaseException) -> None:
    assert not own(error)


@pytest.mark.parametrize(
    "error",
    [
        TypeError(),
        ValueError(),
        RecursionError(),
        RuntimeError(),
        AssertionError(),
        OverflowError(),
        MessageSizeTooLargeError(),
        driver.DataError("invalid input for query argument"),
        asyncpg.NumericValueOutOfRangeError(),
        asyncpg.CheckViolationError(),
        asyncpg.ProgramLimitExceededError(),
        asyncpg.RaiseError(),
    ],
)
def test_everything_else_is_the_records_own(error: BaseException) -> None:
    assert own(error)
