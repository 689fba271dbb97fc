"""Check digits and check characters of the four issuers that have them."""

from typing import Final

HIBC_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""Value 0 to 42 in this order. References: ANSI/HIBC 2.6, appendix B."""
_HIBC_VALUE: Final = {character: value for value, character in enumerate(HIBC_ALPHABET)}

_MA_ALPHABET: Final = (
    tuple(("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"[i], i) for i in range(43))
    + tuple((character, 45 + i) for i, character in enumerate("hijklmnopqrstuvwxyz"))
    + tuple((character, 64 + i) for i, character in enumerate("-.@$,*+%/#!^~"))
)
_MA_TEXT: Final = {character: str(value) for character, value in _MA_ALPHABET}
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

_GMN_ALPHABET: Final = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_GMN_VALUE: Final = {character: value for value, character in enumerate(_GMN_ALPHABET)}
_GMN_CHECK: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_GMN_PRIMES: Final = (
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83,
)  # fmt: skip


def mod10_is_valid(digits: str) -> bool:
    """Whether the last of the ASCII `digits` is the GS1 modulo-10 check digit of the others.

    References:
        GS1 General Specifications, section 7.9.1: weights 3, 1, 3 … from the right of the payload.
    """
    code = digits.encode()
    ones, threes = sum(code[::-2]), sum(code[-2::-2])
    # Every byte is 48 too large; with weights that is one constant for each length.
    return (ones + 3 * threes - 48 * ((len(code) + 1) // 2 + 3 * (len(code) // 2))) % 10 == 0


def gtin_check_digit(digits: str) -> int:
    """The GS1 check digit of a payload (13 digits for a GTIN-14, but any length works), 0 to 9.

    Raises:
        ValueError: When `digits` is empty or holds anything but ASCII digits.

    References:
        GS1 General Specifications, section 7.9.1.

    Example:
        >>> gtin_check_digit("0703206980498")
        8
    """
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"Expected ASCII digits, got {digits!r}.")
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def hibc_check_character(text: str) -> str:
    """The HIBC modulo-43 check character of all characters before it, the leading `+` included.

    Raises:
        ValueError: When a character is none of the 43.

    References:
        ANSI/HIBC 2.6, section 2.3.4 and appendix B.

    Example:
        >>> hibc_check_character("+A123BJC5D6E71")
        'G'
    """
    try:
        return HIBC_ALPHABET[sum(map(_HIBC_VALUE.__getitem__, text)) % 43]
    except KeyError as error:
        raise ValueError(f"Expected one of the 43 HIBC characters, got {error.args[0]!r}.") from None


def hibc_is_valid(text: str) -> bool:
    """Whether the last character of `text` is the HIBC check character of the others; foreign characters: no."""
    try:
        values = [_HIBC_VALUE[character] for character in text]
    except KeyError:
        return False
    return len(values) > 1 and sum(values[:-1]) % 43 == values[-1]


def ma_check_digit(text: str) -> int:
    """The MA (IDcode) check digit of `text`, 0 to 9: for a DI everything before it, dots included.

    Raises:
        ValueError: When a character has no value in the MA table.

    References:
        MA (IDcode) coding handbook as quoted publicly; checked against 43 published identifiers (docs/codes.md).

    Example:
        >>> ma_check_digit("MA.156.M0.100472.1110331")
        6
    """
    try:
        digits = "".join([_MA_TEXT[character] for character in text])
    except KeyError as error:
        raise ValueError(f"Expected a character of the MA table, got {error.args[0]!r}.") from None
    code = digits[::-1].encode()
    total = sum(code[::2]) - 48 * len(code[::2]) + sum(_DOUBLED[byte - 48] for byte in code[1::2])
    return -total % 10


def ma_is_valid(text: str, digit: str) -> bool:
    """Whether `digit` is the MA check digit of `text`; characters outside the table: no."""
    try:
        return str(ma_check_digit(text)) == digit
    except ValueError:
        return False


def gmn_is_valid(text: str) -> bool:
    """Whether the last two characters of a Global Model Number are its check pair.

    References:
        GS1 General Specifications, section 7.9.5: primes from the right, modulo 1021, base 32.
    """
    body, pair = text[:-2], text[-2:]
    if not body or any(character not in _GMN_VALUE for character in body) or len(body) > len(_GMN_PRIMES):
        return False
    weighted = zip(reversed(body), _GMN_PRIMES, strict=False)
    total = sum(_GMN_VALUE[character] * prime for character, prime in weighted) % 1021
    return pair == _GMN_CHECK[total >> 5] + _GMN_CHECK[total & 31]
