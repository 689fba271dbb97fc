"""What the books know of discharged cases, to reckon how many uses nobody scanned."""

from typing import NamedTuple


class CaseCell(NamedTuple):
    """Cases of one DRG group and team: the month, the team's months before, the group's months before.

    Lines are those known, however: scanned, typed or charged by hand.
    """

    department: str
    """Id of the clinical department."""
    cases: int
    """Its cases of the month."""
    lines: int
    """Lines known of them."""
    team_cases: int
    """Cases of the medical team in the months before."""
    team_lines: int
    """Lines known of them."""
    group_cases: int
    """Cases of the DRG group in the months before, all teams."""
    group_lines: int
    """Lines known of them."""
    group_squares: int
    """The sum of the squares of the lines of each of the group's cases."""
