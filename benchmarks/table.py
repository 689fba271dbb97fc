"""The table: medians with their span, for people and for docs/performance.md."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Line:
    """One measured thing: all its repetitions."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the repetitions."""
        return median(self.values)


@dataclass(frozen=True, slots=True)
class Aim:
    """What the product is to reach, and what it did."""

    name: str
    wanted: str
    found: str
    reached: bool


@dataclass(slots=True)
class Table:
    """Sections of lines, in the order they were added."""

    title: str
    sections: dict[str, list[Line]] = field(default_factory=dict)
    aims: list[Aim] = field(default_factory=list)
    appendix: str = ""
    """A table of another benchmark, as it came."""

    def add(self, section: str, name: str, unit: str, values: Iterable[float]) -> Line:
        """A new line; `values` are its repetitions."""
        line = Line(name, unit, tuple(values))
        self.sections.setdefault(section, []).append(line)
        return line

    def aim(self, name: str, found: float, wanted: float, *, least: bool, digits: int = 1) -> None:
        """Hold a figure against what is wanted: at least (`least`) or at most that much."""
        sign = "≥" if least else "≤"
        reached = found >= wanted if least else found <= wanted
        self.aims.append(Aim(name, f"{sign} {wanted:g}", f"{found:.{digits}f}", reached))

    def text(self) -> str:
        """For a terminal."""
        lines = [self.title]
        for section, found in self.sections.items():
            lines += ["", f"{section:<62}{'median':>10}{'min':>10}{'max':>10}{'n':>4}"]
            lines += [
                f"  {_label(line):<60}{''.join(f'{cell:>10}' for cell in _cells(line))}{len(line.values):>4}"
                for line in found
            ]
        if self.aims:
            lines += ["", f"{'Aims':<62}{'wanted':>10}{'found':>10}"]
            lines += [f"  {aim.name:<60}{aim.wanted:>10}{aim.found:>10}  {_mark(aim)}" for aim in self.aims]
        return "\n".join([*lines, "", self.appendix] if self.appendix else lines)

    def markdown(self) -> str:
        """For the documentation."""
        lines = [self.title, ""]
        for section, found in self.sections.items():
            lines += [f"| {section} | median | min | max | n |", "|---|---:|---:|---:|---:|"]
            lines += [f"| {_label(line)} | {' | '.join(_cells(line))} | {len(line.values)} |" for line in found]
            lines.append("")
        if self.aims:
            lines += ["| Aim | wanted | found | |", "|---|---:|---:|---|"]
            lines += [f"| {aim.name} | {aim.wanted} | {aim.found} | {_mark(aim)} |" for aim in self.aims]
            lines.append("")
        if self.appendix:
            lines += ["```text", self.appendix, "```", ""]
        return "\n".join(lines)


def medians(markdown: str) -> dict[tuple[str, str], float]:
    """What `Table.markdown` has printed: the median of each line by its section and label."""
    found, section = {}, ""
    for row in markdown.splitlines():
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        if cells[1:] == ["median", "min", "max", "n"]:
            section = cells[0]
        elif len(cells) == len(("label", "median", "min", "max", "n")):
            found[section, cells[0]] = float(cells[1].replace(",", ""))
    return found


def _label(line: Line) -> str:
    return f"{line.name}, {line.unit}" if line.unit else line.name


def _cells(line: Line) -> tuple[str, str, str]:
    return _figure(line.median), _figure(min(line.values)), _figure(max(line.values))


def _figure(value: float) -> str:
    """Three digits that count."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _mark(aim: Aim) -> str:
    return "reached" if aim.reached else "NOT REACHED"
