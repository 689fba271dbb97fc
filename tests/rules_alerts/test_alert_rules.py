"""The alert rules through Prometheus' own checker, and what must stand beside each alert."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support.servers import promtool

ROOT: Final = Path(__file__).parents[2]
RULES: Final = sorted((ROOT / "rules" / "alerts").glob("*.yml"))
RUNBOOKS: Final = "{{ $externalLabels.runbooks }}"
"""Where the pages are, a setting of Prometheus; empty unless a site says."""
HEARTBEAT: Final = "UdiHeartbeat"
"""Fires always, by design: it has no silent case and no severity that anybody is woken for."""
CASES: Final = sorted(Path(__file__).parent.glob("*.yml"))


@cache
def load(path: Path) -> Any:
    """What the file says, read once; nobody changes it."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def alerts() -> dict[str, tuple[Path, dict[str, Any]]]:
    return {rule["alert"]: (path, rule) for path in RULES for group in load(path)["groups"] for rule in group["rules"]}


def expectations(path: Path) -> list[tuple[str, bool]]:
    return [
        (case["alertname"], bool(case["exp_alerts"]))
        for test in load(path)["tests"]
        for case in test["alert_rule_test"]
    ]


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_prometheus_accepts_the_rules(promtool_path: Path, path: Path) -> None:
    done = promtool.run("check", "rules", "--lint=all", "--lint-fatal", str(path))
    assert done.returncode == 0, (promtool_path, done.stderr)


def alone(folder: Path, name: str, **changes: str) -> Path:
    """An alert's cases with its rule alone: the others of its file would be evaluated, and nobody asks for them."""
    path, rule = alerts()[name]
    rules = {"groups": [{"name": "alone", "rules": [rule | changes]}]}
    (folder / f"{name}.rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    cases = load(Path(__file__).parent / path.name) | {"rule_files": [f"{name}.rules.yml"]}
    cases["tests"] = [test for test in cases["tests"] if named(test) == {name}]
    file = folder / f"{name}.yml"
    file.write_text(yaml.safe_dump(cases), encoding="utf-8")
    return file


def named(test: dict[str, Any]) -> set[str]:
    return {case["alertname"] for case in test["alert_rule_test"]}


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_alerts_fire_when_they_should_and_are_silent_when_not(promtool_path: Path, path: Path, tmp_path: Path) -> None:
    files = [str(alone(tmp_path, name)) for name, (source, _) in alerts().items() if source == path]
    done = promtool.run("test", "rules", *files)
    assert done.returncode == 0, (promtool_path, done.stdout, done.stderr)
    assert done.stdout.count("SUCCESS") == len(files)


def test_each_case_is_of_one_alert_and_in_the_file_of_its_rule() -> None:
    assert [path.name for path in CASES] == [path.name for path in RULES]
    for path in CASES:
        here = {name for name, (source, _) in alerts().items() if source.name == path.name}
        assert all(len(named(test)) == 1 and named(test) <= here for test in load(path)["tests"])


def test_every_alert_has_a_firing_and_a_silent_case() -> None:
    found = {case for path in CASES for case in expectations(path)}
    assert found == {(name, fires) for name in alerts() for fires in (True, False)} - {(HEARTBEAT, False)}


@pytest.mark.parametrize(("never", "complaint"), [(True, "got:[]"), (False, "exp:[]")], ids=["never", "always"])
@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_cases_notice_each_alert_that_never_or_always_fires(
    promtool_path: Path, tmp_path: Path, path: Path, never: bool, complaint: str
) -> None:
    """Of all alerts of a file at once: to start the checker takes as long as most cases."""
    names = {name for name, (source, _) in alerts().items() if source == path}
    names -= set() if never else {HEARTBEAT}  # It always fires.
    expr = "vector(1) < 0" if never else "vector(1)"
    done = promtool.run("test", "rules", *(str(alone(tmp_path, name, expr=expr)) for name in names))
    assert done.returncode != 0, promtool_path
    said = re.sub(r"\s", "", done.stdout + done.stderr).split("alertname:")[1:]
    assert {each.partition(",")[0] for each in said if complaint in each} == names


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(name: str) -> None:
    _, rule = alerts()[name]
    assert rule["labels"]["severity"] in ({"none"} if name == HEARTBEAT else {"warning", "critical"})
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    address = rule["annotations"]["runbook_url"]
    assert address.startswith(RUNBOOKS)
    page, _, anchor = address.removeprefix(RUNBOOKS).partition("#")
    assert anchor == name.lower()
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert name in headings


def test_alerts_are_documented_and_nothing_else_is() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### (Udi\w+)$", text, re.MULTILINE)) == sorted(alerts())
