"""Who may ask for what: roles, and one matrix of every page and endpoint.

References:
    docs/pages.md, section "Sign-in".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person is, by what he does. One may have several."""

    NURSE = "nurse"
    STORE_KEEPER = "store-keeper"
    AUDITOR = "auditor"
    DEVICE_DEPARTMENT = "device-department"
    FINANCE = "finance"
    SAFETY = "safety"
    OPERATIONS = "operations"
    ADMIN = "admin"


class Who(StrEnum):
    """Who may, beside roles."""

    ANYONE = "anyone"
    DEVICE = "device"
    """With a token or a signature."""
    SIGNED_IN = "signed in"
    """Whatever the role."""


Allowed = Who | frozenset[Role]


@dataclass(frozen=True, slots=True)
class AccessRow:
    """Who may do one thing."""

    method: str
    """HTTP method."""
    path: str
    """As the route is written."""
    allowed: Allowed
    """One of `Who`, or the roles of which one is needed."""

    def allows(self, roles: frozenset[Role]) -> bool:
        """Whether somebody signed in with these roles may."""
        if isinstance(self.allowed, Who):
            return self.allowed is not Who.DEVICE
        return bool(self.allowed & roles)


_R = Role
_EVERYBODY = Who.SIGNED_IN
_MONEY = frozenset({_R.AUDITOR, _R.DEVICE_DEPARTMENT, _R.FINANCE, _R.ADMIN})
_WATCH = frozenset({_R.AUDITOR, _R.DEVICE_DEPARTMENT, _R.FINANCE, _R.SAFETY, _R.ADMIN})
_CARE = frozenset({_R.NURSE, _R.AUDITOR, _R.DEVICE_DEPARTMENT, _R.FINANCE, _R.SAFETY, _R.ADMIN})
_STORE = frozenset({_R.STORE_KEEPER, _R.AUDITOR, _R.DEVICE_DEPARTMENT, _R.SAFETY, _R.ADMIN})
_DEVICES = frozenset({_R.DEVICE_DEPARTMENT, _R.OPERATIONS, _R.ADMIN})
_DECIDES_HELD = frozenset({_R.DEVICE_DEPARTMENT, _R.SAFETY, _R.ADMIN})
_DECIDES_MONEY = frozenset({_R.FINANCE, _R.ADMIN})
_REVIEWS = frozenset({_R.DEVICE_DEPARTMENT, _R.FINANCE, _R.SAFETY, _R.ADMIN})
_OPERATES = frozenset({_R.OPERATIONS, _R.ADMIN})

LISTS: Final[dict[str, frozenset[Role]]] = {
    "scans": _CARE | _STORE,
    "parked": _CARE | frozenset({_R.OPERATIONS}),
    "held": _CARE,
    "differences": _MONEY,
    "charges": _MONEY,
    "usage": _WATCH,
    "alerts": _WATCH,
    "findings": _WATCH,
    "overrides": _WATCH,
    "ratios": _WATCH,
    "income": _WATCH,
    "discharges": _WATCH,
    "stores": _STORE,
    "stock": _STORE,
    "moves": _STORE,
    "expiring": _STORE,
    "slow-movers": _STORE,
    "demand": _STORE,
    "in-transit": _STORE,
    "recalls": _STORE,
    "suspected-uses": _STORE,
    "cabinet-tags": _STORE,
    "deliveries": _STORE,
    "sets": _STORE,
    "set-goods": _STORE,
    "capital": _STORE | _MONEY,
    "capital-goods": _STORE | _MONEY,
    "settlement": _STORE | _MONEY,
    "scanners": _DEVICES,
    "devices": _DEVICES,
    "dead-letters": _OPERATES,
    "items": _CARE | _STORE,
}
"""Lists of the board, and who may see each, with its exports."""
DECISIONS: Final[dict[str, frozenset[Role]]] = {
    "release": _DECIDES_HELD,
    "reject": _DECIDES_HELD,
    "correct": _DECIDES_HELD,
    "identify": _DECIDES_HELD,
    "review": _REVIEWS,
    "ask": _DECIDES_MONEY,
    "accept": _DECIDES_MONEY,
    "replay": _OPERATES,
}
"""What is decided on a list or on the page of a scan or finding, and who may."""

ACCESS: Final[tuple[AccessRow, ...]] = (
    AccessRow("GET", "/healthz", Who.ANYONE),
    AccessRow("GET", "/readyz", Who.ANYONE),
    AccessRow("GET", "/metrics", Who.ANYONE),
    AccessRow("GET", "/v1/openapi.json", Who.ANYONE),
    AccessRow("GET", "/v1/asyncapi.json", Who.ANYONE),
    AccessRow("GET", "/v1/schemas/{name}", Who.ANYONE),
    AccessRow("GET", "/static/{path:path}", Who.ANYONE),
    AccessRow("GET", "/static/texts/{name}", Who.ANYONE),
    AccessRow("GET", "/terminal", Who.ANYONE),
    AccessRow("GET", "/terminal/worker.js", Who.ANYONE),
    AccessRow("GET", "/terminal/scanner", Who.ANYONE),
    AccessRow("GET", "/terminal/symbols/{name}", Who.ANYONE),
    AccessRow("GET", "/sign-in", Who.ANYONE),
    AccessRow("POST", "/sign-in", Who.ANYONE),
    AccessRow("GET", "/sign-in/oidc", Who.ANYONE),
    AccessRow("GET", "/sign-in/back", Who.ANYONE),
    AccessRow("POST", "/v1/devices/token", Who.ANYONE),
    AccessRow("POST", "/v1/scans", Who.DEVICE),
    AccessRow("GET", "/v1/scans/{scan_id}", Who.DEVICE),
    AccessRow("POST", "/v1/scans/{scan_id}/override", Who.DEVICE),
    AccessRow("GET", "/v1/verdicts", Who.DEVICE),
    AccessRow("GET", "/v1/items", Who.DEVICE),
    AccessRow("PUT", "/v1/devices/profile", Who.DEVICE),
    AccessRow("POST", "/v1/frames", Who.DEVICE),
    AccessRow("GET", "/v1/cases/{encounter}", Who.DEVICE),
    AccessRow("POST", "/v1/cases/{encounter}/close", Who.DEVICE),
    AccessRow("POST", "/sign-out", _EVERYBODY),
    AccessRow("GET", "/", _EVERYBODY),
    AccessRow("GET", "/month", _WATCH),
    AccessRow("GET", "/case", _CARE),
    AccessRow("GET", "/scan/{scan_id}", _CARE | _STORE),
    AccessRow("GET", "/finding/{finding}", _WATCH),
    *(AccessRow("GET", f"/list/{name}", roles) for name, roles in LISTS.items()),
    *(AccessRow("GET", f"/export/{name}", roles) for name, roles in LISTS.items()),
    *(AccessRow("POST", f"/decide/{name}", roles) for name, roles in DECISIONS.items()),
)
"""Every page and endpoint has its row; a test walks all of them with every role."""
