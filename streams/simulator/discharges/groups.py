"""DRG groups of the simulated hospital: which department treats what, and how heavy it is.

Codes, weights and shares are made up; only their spread is meant to look like that of a tertiary hospital.
"""

from dataclasses import dataclass

from streams.simulator.chance import Chance

GROUPER = "CHS-DRG"
GROUPER_VERSION = "1.1"
CODE_SYSTEM = "ICD-10-GB"
REGION = "SIM"


@dataclass(frozen=True, slots=True)
class Group:
    """A DRG group."""

    code: str
    """Name of the DRG group."""
    weight: int
    """1/10,000."""
    disease: str
    """Opaque code of the main disease."""
    level4_per_10000: int
    """Share of its cases with surgery of level 4."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What a department treats, and what a weight costs there."""

    groups: tuple[Group, ...]
    """Groups its patients are put into."""
    consumables_fen: int
    """Consumables of a weight of 1."""
    rest_fen: int
    """The rest of the stay's cost of a weight of 1."""
    from_books: bool
    """Its records are silent on consumables: the product takes them from its own books."""


def practice_of(seed: int, number: int) -> Practice:
    """The practice of the department of a number, the same for the same seed."""
    chance = Chance(seed, 5, number)
    heavy = chance.between(60, 250)
    groups = tuple(
        Group(
            f"{chr(65 + number % 26)}{chr(65 + place % 6)}{number % 10}{1 + 2 * (place % 5)}",
            chance.between(40, 200) * heavy,
            f"D{number:02d}{place % 5}",
            chance.between(0, 6000) if place % 2 else chance.between(0, 1500),
        )
        for place in range(6 + number % 9)
    )
    return Practice(
        tuple({group.code: group for group in groups}.values()),
        chance.between(1_500_000, 5_000_000),
        # What is scanned of a stay is dear: where the books speak for the case, the rest must be, too.
        chance.between(8_000_000, 12_000_000) if number % 7 == 6 else chance.between(3_000_000, 9_000_000),
        from_books=number % 7 == 6,
    )
