"""The set-up page of a terminal's scanner, and the test symbols to scan."""

from functools import cache
from typing import Final

import zxingcpp
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import escape

from streams.web.pages.shown import page
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

_GS: Final = "\x1d"
_GTIN: Final = "06999990000001"
_LOT, _SERIAL = "QAZWMYX-1", "SN/2"
GS1_TEXT: Final = f"01{_GTIN}10{_LOT}{_GS}21{_SERIAL}"
"""What the GS1 symbol says, without its symbology identifier."""
KEYS_TEXT: Final = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"%&'()*+,-./:;<=>?_$@#|]ZYXWQMA98765-/"
)
"""Every character of GS1's set 82 and what other issuers use; the last ones again, so that their place is certain.

References:
    GS1 General Specifications, figure 7.11-1 (character set 82).
"""
_SYMBOLS: Final = {
    "gs1.svg": lambda: zxingcpp.create_barcode(
        f"(01){_GTIN}(10){_LOT}(21){_SERIAL}", zxingcpp.BarcodeFormat.DataMatrix, gs1=True
    ),
    # Square: not every scanner reads the long rectangles of ISO/IEC 21471, and those who do call them `]d7`.
    "keys.svg": lambda: zxingcpp.create_barcode(KEYS_TEXT, zxingcpp.BarcodeFormat.DataMatrix, force_square=True),
}


@router.get("/terminal/scanner")
async def scanner(request: Request) -> HTMLResponse:
    """The page; what it finds goes to `PUT /v1/devices/profile`."""
    return page(request, "scanner.html", keys_text=KEYS_TEXT, gs1_text=escape(GS1_TEXT))


@router.get("/terminal/symbols/{name}")
async def symbol(name: str) -> Response:
    """A test symbol."""
    if name not in _SYMBOLS:
        raise ProblemError(404, "not-found", f"Expected one of {', '.join(_SYMBOLS)}, got another name.")
    return Response(_drawn(name), media_type="image/svg+xml", headers={"Cache-Control": "no-cache"})


@cache
def _drawn(name: str) -> str:
    return str(_SYMBOLS[name]().to_svg(scale=4))
