"""Charts of the pack as Vega-Lite, drawn to SVG without script by one worker process (the drawing holds the GIL)."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, Final

FONT: Final = "WenQuanYi Micro Hei, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"
INK, BLUE, RED, GREY, GREEN = "#1f2933", "#2b6cb0", "#c53030", "#a0aec0", "#2f855a"
_CONFIG: Final = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {"labelLimit": 0, "titleFontWeight": "normal", "gridColor": "#edf2f7", "labelColor": INK},
    "legend": {"labelLimit": 0, "orient": "top", "title": None},
}
WIDTH: Final = 660


def draw(charts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Each chart as SVG text, by its name."""
    if not charts:
        return {}
    # A fork of a process with threads and open connections can stand still for ever.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return dict(zip(charts, pool.map(_svg, charts.values()), strict=True))


def _svg(chart: Mapping[str, Any]) -> str:
    import vl_convert  # noqa: PLC0415 -- loaded in the worker process only

    return str(vl_convert.vegalite_to_svg({"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **chart}))


def waterfall(parts: Sequence[tuple[str, float]], before: str, after: str, base: float, unit: str) -> dict[str, Any]:
    """From the base to the month, part by part; the last bar is the month."""
    rows, at = [_bar(before, 0.0, base, "whole", f"{base:,.0f}")], base
    for name, amount in parts:
        rows.append(_bar(name, at, at + amount, "up" if amount >= 0 else "down", f"{amount:+,.0f}" if amount else ""))
        at += amount
    rows.append(_bar(after, 0.0, at, "whole", f"{at:,.0f}"))
    x = {"field": "name", "type": "nominal", "sort": None, "axis": {"labelAngle": 0, "title": None}}
    y = {"field": "from", "type": "quantitative", "title": unit, "scale": {"nice": True}}
    return {
        "width": WIDTH, "height": 170, "config": _CONFIG, "data": {"values": rows},
        "layer": [
            {"mark": {"type": "bar", "size": 34},
             "encoding": {"x": x, "y": y, "y2": {"field": "to"},
                          "color": {"field": "kind", "type": "nominal", "legend": None,
                                    "scale": {"domain": ["whole", "up", "down"], "range": [BLUE, RED, GREEN]}}}},
            {"mark": {"type": "text", "dy": -7, "color": INK},
             "encoding": {"x": x, "y": {**y, "field": "top"}, "text": {"field": "said", "type": "nominal"}}},
        ],
    }  # fmt: skip


def _bar(name: str, start: float, end: float, kind: str, said: str) -> dict[str, Any]:
    return {"name": name, "from": start, "to": end, "top": max(start, end), "kind": kind, "said": said}


def lines(rows: Sequence[Mapping[str, Any]], unit: str) -> dict[str, Any]:
    """`month`, `value` and `series` as lines."""
    return {
        "width": WIDTH, "height": 190, "config": _CONFIG, "data": {"values": list(rows)},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "month", "type": "ordinal", "axis": {"labelAngle": -40, "title": None}},
            "y": {"field": "value", "type": "quantitative", "title": unit, "scale": {"zero": False}},
            "color": {"field": "series", "type": "nominal", "scale": {"range": [BLUE, RED, GREEN]}},
        },
    }  # fmt: skip


def ranks(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`department`, `rank`, `low`, `high`: a point with its set for each department."""
    y = {"field": "department", "type": "nominal", "sort": None, "axis": {"title": None}}
    count = max((int(row["high"]) for row in rows), default=1)
    x = {
        "type": "quantitative",
        "title": "名次 rank",
        "scale": {"domain": [1, max(2, count)]},
        "axis": {"tickMinStep": 1},
    }
    return {
        "width": WIDTH, "height": {"step": 20}, "config": _CONFIG, "data": {"values": list(rows)},
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 5, "color": GREY},
             "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
            {"mark": {"type": "point", "filled": True, "size": 70, "color": BLUE},
             "encoding": {"y": y, "x": {**x, "field": "rank"}}},
        ],
    }  # fmt: skip


def funnel(points: Sequence[Mapping[str, Any]], limits: Sequence[Mapping[str, Any]], target: float) -> dict[str, Any]:
    """Departments (`weight`, `cost`, `department`, `out`) within the limits (`weight`, `low_95` …)."""
    x = {"field": "weight", "type": "quantitative", "title": "总权重 total weight"}

    def line(field: str, dash: list[int]) -> dict[str, Any]:
        return {
            "data": {"values": list(limits)}, "mark": {"type": "line", "strokeDash": dash, "color": GREY},
            "encoding": {"x": x, "y": {"field": field, "type": "quantitative"}},
        }  # fmt: skip

    y = {"field": "cost", "type": "quantitative", "title": "元/权重 yuan per weight", "scale": {"zero": False}}
    return {
        "width": WIDTH, "height": 320, "config": _CONFIG,
        "layer": [
            *(line(field, [4, 4]) for field in ("low_95", "high_95")),
            *(line(field, []) for field in ("low_998", "high_998")),
            {"data": {"values": [{"cost": target}]}, "mark": {"type": "rule", "color": INK}, "encoding": {"y": y}},
            {"data": {"values": list(points)}, "mark": {"type": "point", "filled": True, "size": 60},
             "encoding": {"x": x, "y": y, "color": {"field": "out", "type": "nominal", "legend": None,
                          "scale": {"domain": [False, True], "range": [BLUE, RED]}}}},
            {"data": {"values": [each for each in points if each["out"]]},
             "mark": {"type": "text", "dx": 6, "align": "left", "color": RED},
             "encoding": {"x": x, "y": y, "text": {"field": "department", "type": "nominal"}}},
        ],
    }  # fmt: skip
