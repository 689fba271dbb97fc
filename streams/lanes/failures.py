"""Whose fault a failure is: the infrastructure's, or that of the record that was being worked on.

The list is short and closed. Whatever is not on it is the record's own, also what nobody has thought of: the record is
set aside by itself and its neighbours go through. A lane that waited for such an error to pass would wait for ever.

References:
    docs/reliability.md, "Whose fault an error is"; PostgreSQL, Appendix A (SQLSTATE classes).
"""

from typing import Final

import asyncpg
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from sinks.ports.batch import ClaimTakenError, RecordingError, StaleError

INFRASTRUCTURE: Final[tuple[type[Exception], ...]] = (
    OSError,  # No connection, a broken one, no disk; every time-out is one, too.
    MemoryError,
    RecordingError,
    KafkaError,
    asyncpg.InterfaceError,  # The connection or the pool was closed meanwhile.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,  # 08
    asyncpg.FeatureNotSupportedError,  # 0A: a cached plan of a schema that has changed.
    asyncpg.InvalidTransactionStateError,  # 25: idle for too long; a server that only reads, after a failover.
    asyncpg.InvalidAuthorizationSpecificationError,  # 28
    asyncpg.InvalidCatalogNameError,  # 3D
    asyncpg.TransactionRollbackError,  # 40: a serialization failure, a deadlock.
    asyncpg.SyntaxOrAccessError,  # 42: another schema than ours, a missing grant; no record is part of a statement.
    asyncpg.InsufficientResourcesError,  # 53: disk, memory, connections.
    asyncpg.ObjectNotInPrerequisiteStateError,  # 55: a lock that was waited for too long.
    asyncpg.OperatorInterventionError,  # 57: shut down, cancelled, timed out.
    asyncpg.PostgresSystemError,  # 58
    asyncpg.InternalServerError,  # XX
)
"""What is waited for and tried again, whatever was being worked on."""
AGAIN: Final = (ClaimTakenError, StaleError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""Somebody was faster: gather and decide again, at once."""
_OWN: Final = (ValueError, MessageSizeTooLargeError)
"""On the list by their family only: what the driver can't encode, what the broker finds too large."""


def own(error: BaseException) -> bool:
    """Whether the error is the record's own: it would fail again, and its neighbours need not."""
    if not isinstance(error, Exception):
        return False
    return not isinstance(error, INFRASTRUCTURE) or (isinstance(error, _OWN) and not isinstance(error, RecordingError))
