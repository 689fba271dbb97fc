"""How much may be asked of one gateway: a window for each device, and for each address that failed to prove itself."""

import time
from typing import Final

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from streams.web.problems import ProblemError

WINDOW_SECONDS: Final = 10
FAILURES_PER_MINUTE: Final = 60
"""Wrong keys, tokens and signatures from one address; then it waits. Who proves himself goes through. Ours."""


class Limits:
    """Counts in this process alone: behind n gateways a device may send n times as much.

    Args:
        events_per_second: of one device, on average over ten seconds.
    """

    def __init__(self, events_per_second: int) -> None:
        self._windows = FixedWindowRateLimiter(MemoryStorage())
        self._events = RateLimitItemPerSecond(events_per_second * WINDOW_SECONDS, WINDOW_SECONDS)
        self._failures = RateLimitItemPerMinute(FAILURES_PER_MINUTE)

    def events(self, hospital: str, device_id: str, count: int) -> None:
        """So many events of a device come.

        Raises:
            ProblemError: 429, more than it may send.
        """
        if not self._windows.hit(self._events, hospital, device_id, cost=count):
            raise self._too_many(self._events, hospital, device_id)

    def failed(self, address: str) -> None:
        """Somebody at the address did not prove himself.

        Raises:
            ProblemError: 429, too many have failed there.
        """
        if not self._windows.hit(self._failures, address):
            raise self._too_many(self._failures, address)

    def check(self, address: str) -> None:
        """Before a password is looked at, which costs; keys and tokens can't be guessed and are looked at first.

        Raises:
            ProblemError: 429, too many have failed there.
        """
        if not self._windows.test(self._failures, address):
            raise self._too_many(self._failures, address)

    def _too_many(self, item: RateLimitItemPerSecond | RateLimitItemPerMinute, *who: str) -> ProblemError:
        until = self._windows.get_window_stats(item, *who).reset_time
        seconds = max(1, round(until - time.time()))
        detail = f"Expected at most {item.amount} in {item.get_expiry()} s; try again in {seconds} s."
        return ProblemError(429, "too-many", detail, {"Retry-After": str(seconds)})
