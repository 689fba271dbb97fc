"""Symbols drawn from codes: GS1 DataMatrix, GS1-128, QR and their plain forms, as SVG or PNG.

References:
    ISO/IEC 16022 (DataMatrix), ISO/IEC 18004 (QR), ISO/IEC 15417 (Code 128), as zxing-cpp draws them.
"""

from enum import StrEnum
from io import BytesIO
from typing import Any, Final

import zxingcpp
from PIL import Image

from models.udi import Issuer, ParsedCode


class Carrier(StrEnum):
    """The symbol that carries a code."""

    DATAMATRIX = "datamatrix"
    QR = "qr"
    CODE128 = "code128"
    """GS1-128 when the code is a GS1 element string."""


_FORMATS: Final = {
    Carrier.DATAMATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Carrier.QR: zxingcpp.BarcodeFormat.QRCode,
    Carrier.CODE128: zxingcpp.BarcodeFormat.Code128,
}


def _barcode(code: ParsedCode, carrier: Carrier) -> zxingcpp.Barcode:
    if not code.valid or code.canonical is None:
        raise ValueError(f"Expected a valid code, got {code.error or 'one without a text'}.")
    if code.issuer is not Issuer.GS1:
        return zxingcpp.create_barcode(code.canonical, _FORMATS[carrier])
    # Only `gs1=True` draws the function character; the drawer wants brackets and places the separators itself.
    bracketed = "".join(f"({ai}){value}" for ai, value in code.elements)
    try:
        return zxingcpp.create_barcode(bracketed, _FORMATS[carrier], gs1=True)
    except ValueError as error:
        raise ValueError(f"Expected values without brackets, which cannot be drawn, got {bracketed!r}.") from error


def svg(code: ParsedCode, carrier: Carrier, scale: int = 4) -> str:
    """The symbol of a valid code as SVG.

    Args:
        code: What the symbol is to say; its canonical text is drawn.
        carrier: The kind of symbol.
        scale: Width of a module in units, 1 to 20.

    Raises:
        ValueError: When the code is not valid, or a GS1 value holds brackets.
    """
    return str(_barcode(code, carrier).to_svg(scale=scale))


def png(code: ParsedCode, carrier: Carrier, scale: int = 4) -> bytes:
    """The same as PNG; one module is `scale` pixels.

    Raises:
        ValueError: As for `svg`.
    """
    drawn = _barcode(code, carrier).to_image(scale=scale)
    height, width = drawn.shape
    # The image is a buffer of bytes; its type stub does not say so.
    pixels: Any = drawn
    image = Image.frombytes("L", (width, height), bytes(memoryview(pixels)))
    stream = BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
