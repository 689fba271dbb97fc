"""Index tables: departments, indices with their direction, values; the seven indices of the study by their names.

References:
    docs/studies.md, "Wuhan study" (Chinese Health Quality Management 2025, 32(3): 54-58): the seven indices.
    docs/assessment.md, "Index tables".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Direction(StrEnum):
    """Which way is good."""

    BENEFIT = "benefit"
    """More is better."""
    COST = "cost"
    """Less is better."""


@dataclass(frozen=True, slots=True)
class Index:
    """One column of an index table."""

    name: str
    """As the table names it."""
    direction: Direction
    """Whether more or less of it is better."""
    known: str | None = None
    """Its code in `KNOWN`; `None` when it is none of the seven."""

    @property
    def key(self) -> str:
        """What it is told by in another table, which may write its name otherwise."""
        return self.known or plain(self.name)


@dataclass(frozen=True, slots=True)
class IndexTable:
    """Departments × indices, every value a finite number."""

    departments: tuple[str, ...]
    """Names of the departments, each once."""
    indices: tuple[Index, ...]
    """The columns, in the order of the table."""
    values: tuple[tuple[float, ...], ...]
    """A row for each department, in the order of `indices`."""
    cost_per_weight: tuple[float, ...] | None = None
    """Consumable cost per DRG weight, a value for each department; `None` when the table can't tell."""

    def of(self, departments: tuple[str, ...]) -> "IndexTable":
        """The rows of these departments, in this order; each must be there."""
        at = [self.departments.index(each) for each in departments]
        costs = self.cost_per_weight
        return IndexTable(
            departments,
            self.indices,
            tuple(self.values[place] for place in at),
            None if costs is None else tuple(costs[place] for place in at),
        )

    def with_indices(self, indices: tuple[Index, ...]) -> "IndexTable":
        """The columns of these indices (told by their keys), in this order; each must be there."""
        keys = [each.key for each in self.indices]
        at = [keys.index(each.key) for each in indices]
        values = tuple(tuple(row[place] for place in at) for row in self.values)
        return IndexTable(self.departments, indices, values, self.cost_per_weight)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not part of a result, and why. Nothing is dropped without one."""

    department: str | None
    """`None` when an index is meant."""
    index: str | None
    """`None` when a whole department is meant."""
    window: str | None
    """`before`, `after`, or `None` when there is one window only."""
    reason: str
    """Why, in words."""


@dataclass(frozen=True, slots=True)
class KnownIndex:
    """One of the study's seven indices, or a column that goes with them."""

    code: str
    """Name of the column in our own tables and in JSON."""
    direction: Direction
    """Whether more or less of it is better."""
    never_negative: bool
    """A value below zero is an error: the department is left out."""
    english: str
    """Heading in English."""
    chinese: str
    """Heading in Chinese, as in the study."""
    also: tuple[str, ...] = ()
    """Other headings it goes by, in the form of `plain`."""


SEVEN: Final[tuple[KnownIndex, ...]] = (
    KnownIndex(
        "drg_groups", Direction.BENEFIT, True, "number of DRG groups", "DRG组数",
        ("drggroupnumber", "drggroupcount", "groups", "drgs", "numberofgroups",
         "drg病组数", "病组数", "入组组数", "drg组个数"),
    ),
    KnownIndex(
        "total_weight", Direction.BENEFIT, True, "total DRG weight", "总权重",
        ("drgweight", "totaldrgweight", "weight", "weights", "rw", "totalrw", "drg总权重", "总权重数", "权重"),
    ),
    KnownIndex(
        "cmi", Direction.BENEFIT, True, "CMI", "病例组合指数", ("casemixindex", "cmi值", "病例组合指数cmi")
    ),
    KnownIndex(
        "level4_share", Direction.BENEFIT, True, "level-4 surgery share", "四级手术占比",
        ("level4surgeryshare", "level4surgery", "level4", "level4rate", "level4surgeryrate", "levelfoursurgeryshare",
         "gradeivsurgeryshare", "leveliv", "四级手术比例", "四级手术率", "四级手术"),
    ),
    KnownIndex(
        "stay_days", Direction.COST, True, "mean stay in days", "平均住院日",
        ("meanstay", "meanstaydays", "meanstayindays", "averagestay", "averagelengthofstay", "alos", "los",
         "lengthofstay", "averagestaydays", "staydaysmean", "平均住院天数", "住院日"),
    ),
    KnownIndex(
        "consumable_cost_per_case", Direction.COST, True, "mean consumable cost per case", "例均耗材费用",
        ("meanconsumablecost", "consumablecost", "consumablecostmean", "averageconsumablecost", "meanconsumables",
         "consumablespercase", "consumablescostpercase", "meanconsumablecostpercase", "次均耗材费用", "次均耗材费",
         "例均耗材费", "平均耗材费用", "耗材费用"),
    ),
    KnownIndex(
        "stay_cost_per_case", Direction.COST, True, "mean stay cost per case", "例均住院费用",
        ("meanstaycost", "staycost", "staycostmean", "averagestaycost", "meanstaycostpercase", "meancost",
         "averagecost", "meanhospitalcost", "hospitalcost", "hospitalizationcost",
         "hospitalizationcostpercase", "averagehospitalizationcost", "inpatientcostpercase", "次均住院费用",
         "次均费用", "例均费用", "平均住院费用", "住院费用"),
    ),
)  # fmt: skip
"""The indices of a department, in the study's order."""

KNOWN: Final[Mapping[str, KnownIndex]] = {each.code: each for each in SEVEN}

COST_PER_WEIGHT: Final[frozenset[str]] = frozenset(
    {
        "costperweight",
        "consumablecostperweight",
        "cpw",
        "每权重耗材费用",
        "每权重耗材费",
        "单位权重耗材费用",
        "权重耗材费用",
    }
)
"""Headings of the outcome: read beside the indices, no index itself."""
CASES: Final[frozenset[str]] = frozenset(
    {
        "cases",
        "numberofcases",
        "discharges",
        "patients",
        "出院人数",
        "出院例数",
        "出院人次",
        "例数",
        "病例数",
        "入组病例数",
    }
)
"""Headings of the number of cases: zero cases leave a department out."""
DEPARTMENT: Final[frozenset[str]] = frozenset(
    {"department", "departments", "dept", "departmentname", "clinicaldepartment", "specialty", "speciality", "unit",
     "division", "ward", "name", "科室", "科室名称", "临床科室", "临床科室名称", "科别", "专科", "病区", "学科"}
)  # fmt: skip
"""Headings of the departments' names."""
INDEX: Final[frozenset[str]] = frozenset(
    {"index", "indices", "indicator", "indicators", "criterion", "criteria", "指标", "指标名称", "评价指标", "项目"}
)
"""Headings of the indices' names, in a table whose columns are the departments."""
WINDOW: Final[frozenset[str]] = frozenset(
    {"window", "period", "month", "year", "窗口", "年份", "年度", "年", "月份", "月", "时间", "期间", "时期"}
)
"""Headings of when it was. No index; with several values, several windows stand in one table."""
TOTALS: Final[frozenset[str]] = frozenset(
    {"total", "totals", "sum", "hospital", "all", "alldepartments", "mean", "average", "median", "sd", "mean±sd",
     "minimum", "maximum", "合计", "总计", "全院", "全院合计", "全院平均", "平均", "平均值", "均值", "小计", "总体",
     "中位数", "标准差", "均数±标准差", "最大值", "最小值", "t值", "z值", "p值", "pvalue"}
)  # fmt: skip
"""Rows that are no department."""
IGNORED: Final[frozenset[str]] = frozenset(
    {"no", "number", "serialnumber", "序号", "编号", "rank", "ranking", "排名", "排序", "closeness", "c", "ci",
     "remark", "备注", "code", "科室编码", "dplus", "dminus", "d+", "d-", "hospitalcode", *WINDOW}
)  # fmt: skip
"""Columns that are no index."""
RANKED: Final = re.compile(r"(rank(ing)?s?|排名|排序|名次|位次)$")
"""How a heading ends whose column has ranks: they say who is before whom, not by how much."""

_NOISE: Final = re.compile(r"[\s_\-/·.,，、:：]+")
_UNIT: Final = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")


def plain(heading: str) -> str:
    """A heading without case, blanks, punctuation and what stands in brackets.

    >>> plain("Mean stay (days)"), plain("平均住院日（天）"), plain("cost_per_weight")
    ('meanstay', '平均住院日', 'costperweight')
    """
    return _NOISE.sub("", _UNIT.sub("", heading)).casefold()


def known_index(heading: str) -> KnownIndex | None:
    """Which of the seven a heading means; `None` when it means none.

    >>> known_index("平均住院日（天）").code, known_index("CMI").direction.value, known_index("beds") is None
    ('stay_days', 'benefit', True)
    """
    name = plain(heading)
    for each in SEVEN:
        if name in {plain(each.code), plain(each.english), plain(each.chinese), *each.also}:
            return each
    return None
