"""Two histories of one output: what is published stays where it is, what is not comes after it, once."""

from uuid import UUID

from rules.outputs import OutputRecord, rejoined


def records(text: str) -> list[OutputRecord]:
    """A record for each letter."""
    return [OutputRecord(UUID(int=ord(each)), b"H1/E1", each.encode()) for each in text]


def letters(found: object) -> str:
    return "".join(each.body.decode() for each in found)  # type: ignore[attr-defined]


def test_the_same_history_needs_nothing() -> None:
    joined = rejoined(records("abc"), records("abcde"))

    assert joined.agrees
    assert letters(joined.records) == "abcde"
    assert letters(joined.only_in_outbox) == "de"


def test_another_order_is_put_into_that_of_the_topic() -> None:
    joined = rejoined(records("abc"), records("acbd"))

    assert not joined.agrees
    assert letters(joined.records) == "abcd"
    assert letters(joined.only_on_topic) == ""


def test_what_the_books_do_not_know_keeps_its_place_and_is_named() -> None:
    joined = rejoined(records("axb"), records("abc"))

    assert (letters(joined.records), letters(joined.only_on_topic), letters(joined.only_in_outbox)) == (
        "axbc",
        "x",
        "c",
    )
    assert not joined.agrees


def test_a_shorter_outbox_takes_over_the_rest() -> None:
    joined = rejoined(records("abc"), records("a"))

    assert (letters(joined.records), letters(joined.only_on_topic)) == ("abc", "bc")


def test_an_empty_topic_leaves_the_outbox_as_it_is() -> None:
    assert rejoined([], records("ab")).agrees
