"""Ids made by us are name-based UUIDs, whatever makes them quickly."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from models.ids import NAMESPACE, made_id
from models.reasons import Verdict

_parts = st.one_of(st.text(st.characters(exclude_categories=["C"])), st.integers(), st.uuids(), st.none())


@given(st.lists(_parts, min_size=1, max_size=5))
def test_an_id_is_that_of_the_name_by_the_standard(parts: list[str | int | UUID | None]) -> None:
    made = made_id(*parts)

    assert made == uuid5(NAMESPACE, "\x1f".join(map(str, parts)))
    assert (made.version, str(made), hash(made)) == (5, str(UUID(str(made))), hash(UUID(str(made))))


def test_a_word_of_an_enum_is_named_by_its_value() -> None:
    assert made_id("verdict", Verdict.BILLED) == made_id("verdict", "billed")
