"""Conclusions in words, made from the figures and saying how sure they are, in every locale.

A conclusion is a key of the table `conclusion` with its figures; the words are in `models/locales/assessment.*.toml`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from models.wording import LOCALES, texts
from rules.assessment.assessing import Assessment
from rules.assessment.comparing import p_text
from rules.assessment.gaming import Sign
from rules.assessment.rank_sets import RankSet
from rules.assessment.targets import Attained

NAMES_MAX = 5


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One sentence: which, and its figures."""

    key: str
    """Name of the sentence in the locales."""
    figures: Mapping[str, str]
    """What the sentence is filled with, as text, by name."""

    def text(self, locale: str) -> str:
        """In words of a locale; figures that are words themselves (`word:paired-t`) are translated, too."""
        tables = texts(f"assessment.{locale}")
        figures = {
            name: tables["word"][value.removeprefix("word:")] if value.startswith("word:") else value
            for name, value in self.figures.items()
        }
        return tables["conclusion"][self.key].format(**figures)

    def texts(self) -> dict[str, str]:
        """In words of every locale."""
        return {locale: self.text(locale) for locale in LOCALES}


def conclude(  # noqa: PLR0917 -- the parts of a judgement
    found: Assessment,
    sets: Sequence[RankSet],
    overall: tuple[float | None, float],
    attainment: Sequence[Attained],
    outside: Sequence[str],
    signs: Sequence[Sign],
) -> tuple[Conclusion, ...]:
    """What can be said of a window.

    Args:
        found: the assessment.
        sets: of the departments' ranks, in the order of the judged table.
        overall: total ÷ total cost per weight before (`None` with one window) and now, yuan.
        attainment: against the targets.
        outside: departments beyond the 99.8 % limits of the funnel, above them.
        signs: of the watch for gaming.
    """
    said = [*_ranks(found, sets), *_change(found, overall), *_targets(attainment)]
    said.append(Conclusion("outside", {"names": _names(outside)}) if outside else Conclusion("inside", {}))
    said += [
        Conclusion(
            sign.kind,
            {
                "department": sign.department, "first": f"{sign.first_percent:+.1f}",
                "second": "" if sign.second_percent is None else f"{sign.second_percent:+.1f}",
                "p": p_text(sign.p) or "",
            },
        )
        for sign in signs
    ]  # fmt: skip
    return tuple(said)


def _ranks(found: Assessment, sets: Sequence[RankSet]) -> list[Conclusion]:
    standings = [(each, sets[place]) for place, each in enumerate(found.judged.standings) if each.rank is not None]
    if not standings:
        return []
    count = len(sets)
    first = min(standings, key=lambda pair: pair[0].rank or 0)
    last = max(standings, key=lambda pair: pair[0].rank or 0)
    said = [
        Conclusion(
            key,
            {
                "department": each.department, "closeness": f"{each.closeness:.3f}", "low": str(its.low),
                "high": str(its.high), "count": str(count),
            },
        )
        for key, (each, its) in (("first", first), ("last", last))
    ]  # fmt: skip
    pairs = count * (count - 1) // 2
    apart = pairs - sum(len(each.same_as) for each in sets) // 2
    if count > 1:
        figures = {"pairs": str(apart), "all": str(pairs)}
        said.append(Conclusion("apart", figures) if apart else Conclusion("none-apart", {}))
    return said


def _change(found: Assessment, overall: tuple[float | None, float]) -> list[Conclusion]:
    before, after = overall
    if not before or found.cost_per_weight is None:
        return []
    compared = found.cost_per_weight
    percent = (after / before - 1) * 100
    figures = {"before": f"{before:,.2f}", "after": f"{after:,.2f}", "percent": f"{percent:+.1f}"}
    return [
        Conclusion("fell" if after < before else "rose", figures),
        Conclusion(
            "tested",
            {
                "significant": f"word:{'significant' if compared.significant else 'not-significant'}",
                "test": f"word:{compared.test}", "p": compared.p_text or "–",
            },
        ),
    ]  # fmt: skip


def _targets(attainment: Sequence[Attained]) -> list[Conclusion]:
    if not any(each.target is not None for each in attainment):
        return [Conclusion("without-target", {})]
    above = [each for each in attainment if each.above]
    if not above:
        return [Conclusion("met", {})]
    excess = sum((each.excess for each in above), Decimal(0))
    names = _names([each.department for each in above])
    return [Conclusion("above", {"count": str(len(above)), "excess": f"{excess:,.2f}", "names": names})]


def _names(names: Sequence[str]) -> str:
    more = f" +{len(names) - NAMES_MAX}" if len(names) > NAMES_MAX else ""
    return ", ".join(names[:NAMES_MAX]) + more
