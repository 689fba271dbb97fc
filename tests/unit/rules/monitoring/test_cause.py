import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.monitoring.alert import CausePart, Measure, UsageSums
from rules.monitoring.cause import cause_of

SUMS = st.builds(UsageSums, st.integers(0, 10**6), st.integers(0, 10**12))


@pytest.mark.parametrize(
    ("now", "base", "quantity", "price"),
    [
        (UsageSums(20, 200_000), UsageSums(10, 100_000), 100_000, 0),
        (UsageSums(10, 150_000), UsageSums(10, 100_000), 0, 50_000),
        (UsageSums(12, 180_000), UsageSums(10, 100_000), 20_000, 60_000),
        (UsageSums(5, 100_000), UsageSums(10, 100_000), -50_000, 50_000),
        (UsageSums(4, 150), UsageSums(3, 100), 33, 17),  # a third of 100 fen: the price carries the rest
        (UsageSums(7, 900), UsageSums(0, 0), 900, 0),
    ],
)
def test_the_amount_is_split_into_units_at_the_old_price_and_the_price(
    now: UsageSums, base: UsageSums, quantity: int, price: int
) -> None:
    parts = (CausePart("quantity", quantity), CausePart("price", price))
    assert cause_of(Measure.AMOUNT, now, base) == parts


def test_the_cause_of_a_quantity_is_the_quantity() -> None:
    assert cause_of(Measure.QUANTITY, UsageSums(7, 1), UsageSums(5, 900)) == (CausePart("quantity", 2),)


@given(SUMS, SUMS, st.sampled_from(Measure))
def test_the_parts_add_up_exactly(now: UsageSums, base: UsageSums, measure: Measure) -> None:
    assert sum(part.amount for part in cause_of(measure, now, base)) == now.of(measure) - base.of(measure)


@given(SUMS, SUMS.filter(lambda base: base.quantity > 0))
def test_the_price_part_is_within_half_a_fen_of_the_new_quantity_at_the_rise_of_the_price(
    now: UsageSums, base: UsageSums
) -> None:
    price = cause_of(Measure.AMOUNT, now, base)[1].amount
    exact_times_base_quantity = now.amount_fen * base.quantity - now.quantity * base.amount_fen
    assert 2 * abs(price * base.quantity - exact_times_base_quantity) <= base.quantity
