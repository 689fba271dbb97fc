"""Text of strangers on a person's terminal: what can't be seen, or would steer the terminal, is made visible.

Barcodes, item names and reasons are written by others. A raw ESC, a C1 control or a character that turns the direction
of writing would let them change what a person believes to read.

An identity number among it is unreadable, too: a maker's serial that happens to be one is the price.

References:
    Unicode Technical Report 36, "Unicode Security Considerations", section 2.
"""

import re
import sys
import unicodedata
from collections.abc import Callable
from typing import Any, Final, TextIO

from models.personal import masked

_PICTURES: Final = {**{code: chr(0x2400 + code) for code in range(0x20)}, 0x7F: "␡"}
_ASCII_PLAIN: Final = re.compile(r"[\x20-\x7e\n\t]*\Z")


def visible(text: str) -> str:
    r"""The text with every invisible character shown: control pictures, and `⟨U+200B⟩` for what has no picture.

    Example:
        >>> visible("A\x1dB")
        'A␝B'
    """
    text = masked(text)
    return text if text.isprintable() else "".join(map(_visible, text))


def plain(text: str, *, lines: bool = False) -> str:
    r"""As `visible`, and wide or unbreakable spaces stay what they are; with `lines` also line feed and tab.

    Example:
        >>> plain("支架\u3000大\x1b[2J")
        '支架\u3000大␛[2J'
    """
    text = masked(text)
    if text.isprintable() or (lines and _ASCII_PLAIN.match(text)):
        return text
    kept = "\n\t" if lines else ""
    return "".join(each if each in kept or unicodedata.category(each) == "Zs" else _visible(each) for each in text)


def _visible(character: str) -> str:
    code = ord(character)
    if picture := _PICTURES.get(code):
        return picture
    return character if character.isprintable() else f"⟨U+{code:04X}⟩"


class VisibleStream:
    """A standard stream that writes `plain` text. Rich writes its own control sequences past it.

    Args:
        stream: What it stands before.
        told: What a text becomes first: the same in the language of whoever reads.
    """

    def __init__(self, stream: TextIO, told: Callable[[str], str] = str) -> None:
        self._told = told
        self.rich_proxied_file = stream
        """Where rich's consoles write: they make text visible before they add colours (`streams.cli.shown`)."""

    def write(self, text: str) -> int:
        """Write text made visible; gives the number of characters of the text as it came."""
        self.rich_proxied_file.write(plain(self._told(text), lines=True))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own."""
        return getattr(self.rich_proxied_file, name)


def guard_streams(told: Callable[[str], str] = str) -> None:
    """From here on, whatever is printed is made visible, and told in a language; again changes nothing."""
    if not isinstance(sys.stdout, VisibleStream):
        sys.stdout = VisibleStream(sys.stdout, told)
    if not isinstance(sys.stderr, VisibleStream):
        sys.stderr = VisibleStream(sys.stderr, told)
