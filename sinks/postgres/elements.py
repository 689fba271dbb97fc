"""What asyncpg asks of each element of an array, answered sooner.

Before it encodes an array, the driver asks of each element whether it is an array itself: whether it is an
`Iterable`, a `Sized` and no `Mapping`. Each question goes through `ABCMeta.__instancecheck__`, in Python, and a batch
has some fifty of them a scan: a fifth of what encoding its arguments takes. Nearly all elements are rows, texts or
bytes, so their classes are asked first; the answers stay the same. Of mappings only `dict` is known then; none of any
kind is ever an argument.
"""

from collections.abc import Iterable, Mapping, Sized
from types import MappingProxyType
from typing import Any, Final

from asyncpg.protocol import protocol

ASKED: Final[Mapping[str, tuple[type[Any], ...]]] = MappingProxyType({
    "IterableABC": (tuple, str, list, bytes, Iterable),
    "SizedABC": (tuple, str, list, bytes, Sized),
    "MappingABC": (dict,),
})  # fmt: skip
"""By the driver's own name for a question: the classes whose instances get a yes, in the order of asking."""


def ask_plain_classes_first() -> None:
    """From now on, in the whole process. Idempotent."""
    for name, classes in ASKED.items():
        setattr(protocol, name, classes)
