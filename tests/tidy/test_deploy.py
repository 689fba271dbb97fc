"""What docker-compose.yml, the Dockerfile and the watchers' configuration name exists in the project.

No container engine runs here; the files are read as an engine would read them.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import typer
import yaml

from models.wire.topics import TOPICS
from sinks.postgres.roles import ROLES
from streams.cli.main import app
from streams.running import SERVICES
from streams.settings import Settings
from tests.support.servers import promtool

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SCHEMA: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "compose.schema.json").read_text(encoding="utf-8"))
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
PROMETHEUS: Final = ROOT / "deploy" / "prometheus" / "prometheus.yml"
ALERTMANAGER: Final = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
ALL: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: service for name, service in ALL.items() if "build" in service}
OTHERS: Final = {name: service for name, service in ALL.items() if "build" not in service}
LONG_RUNNING: Final = {name: service for name, service in OURS.items() if service["command"][0] == "run"}
HEALTH_PORT: Final = 8080


def commands() -> set[str]:
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def alert_names() -> set[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules" / "alerts").glob("*.yml")))
    return set(re.findall(r"alert: (\w+)", text))


def test_the_compose_file_keeps_to_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("services", "worker", "healtcheck"), {}),
        (("services", "worker", "environment", "UDI_LANES"), 4),
        (("services", "kafka", "ports"), ["9094:9094"]),
        (("services", "worker", "depends_on", "init", "condition"), "service_done"),
        (("services", "relay", "restart"), "sometimes"),
    ],
)
def test_the_schema_notices_what_is_wrong(path: tuple[str, ...], wrong: Any) -> None:
    compose = json.loads(json.dumps(COMPOSE))
    at = compose
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = wrong
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(compose)


def test_every_service_of_the_product_runs() -> None:
    assert {service["command"][1] for service in LONG_RUNNING.values()} == set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_commands_exist(name: str) -> None:
    command = OURS[name]["command"]
    assert command[0] in commands()
    if command[0] == "run":
        assert set(command[1:]) <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_settings_exist_and_are_valid(name: str) -> None:
    environment = OURS[name]["environment"]
    fields = {f"UDI_{field.upper()}": field for field in Settings.model_fields}
    assert set(environment) <= set(fields)
    Settings(**{fields[key]: value for key, value in environment.items()})


def test_settings_of_the_image_exist() -> None:
    named = set(re.findall(r"\b(UDI_\w+)=", DOCKERFILE))
    assert named
    assert named <= {f"UDI_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_health_is_asked_where_it_answers(name: str) -> None:
    service = LONG_RUNNING[name]
    assert service["environment"]["UDI_HEALTH_PORT"] == str(HEALTH_PORT)
    assert service["environment"]["UDI_HEALTH_HOST"] == "0.0.0.0"  # noqa: S104 -- inside the container
    assert service["expose"] == [str(HEALTH_PORT)]
    assert f"http://127.0.0.1:{HEALTH_PORT}/readyz" in service["healthcheck"]["test"][-1]


def test_prometheus_asks_every_service_where_it_answers() -> None:
    jobs = {job["job_name"]: job for job in yaml.safe_load(PROMETHEUS.read_text(encoding="utf-8"))["scrape_configs"]}
    (found,) = jobs["udistream"]["dns_sd_configs"]
    assert (set(found["names"]), found["port"]) == (set(LONG_RUNNING), HEALTH_PORT)
    assert re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE) == [str(HEALTH_PORT)]


def test_prometheus_accepts_its_configuration_with_the_rules(promtool_path: Path, tmp_path: Path) -> None:
    config = shutil.copy(PROMETHEUS, tmp_path)
    shutil.copytree(ROOT / "rules" / "alerts", tmp_path / "rules")
    done = promtool.run("check", "config", str(config))
    assert done.returncode == 0, (promtool_path, done.stderr)
    assert f"{len(list((ROOT / 'rules' / 'alerts').glob('*.yml')))} rule files found" in done.stdout


def test_files_that_are_mounted_or_copied_exist() -> None:
    mounts = [volume.split(":")[0] for service in ALL.values() for volume in service.get("volumes", ())]
    builds = [service["build"] for service in OURS.values()]
    files = {mount for mount in mounts if mount.startswith("./")} | {build["dockerfile"] for build in builds}
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if re.match(r"COPY (?!--from)", line)]
    files |= {name for names in copied for name in names}
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert [name for name in files if name in ignored] == []


def test_volumes_and_secrets_that_are_named_are_declared_and_the_other_way_round() -> None:
    mounts = {volume.split(":")[0] for service in ALL.values() for volume in service.get("volumes", ())}
    assert {mount for mount in mounts if not mount.startswith("./")} == set(COMPOSE["volumes"])
    assert {secret for service in ALL.values() for secret in service.get("secrets", ())} == set(COMPOSE["secrets"])


def test_a_service_waits_only_for_what_can_be_told() -> None:
    wrong = [
        (name, other)
        for name, service in ALL.items()
        for other, rule in service.get("depends_on", {}).items()
        if other not in ALL or (rule["condition"] == "service_healthy" and "test" not in ALL[other]["healthcheck"])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", OTHERS)
def test_images_are_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z./-]+:v?\d+\.\d+(\.\d+)?(-slim-bookworm)?", OTHERS[name]["image"])


def test_the_broker_is_the_one_that_the_tests_run() -> None:
    tested = re.search(
        r"<kafka.version>(.+)</kafka.version>", (ROOT / "deploy/kafka/pom.xml").read_text(encoding="utf-8")
    )
    assert tested is not None
    assert ALL["kafka"]["image"] == f"apache/kafka:{tested[1]}"


def test_no_secret_stands_in_a_file_of_the_project() -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN")
    named = [key for service in ALL.values() for key in service.get("environment", {}) if secret.search(key)]
    assert named
    assert [key for key in named if not key.endswith("_FILE")] == []
    urls = [value for service in ALL.values() for value in service.get("environment", {}).values() if "://" in value]
    assert [url for url in urls if re.search(r"//[^/@]*:[^/@]+@", url)] == []
    assert [name for name, secret in COMPOSE["secrets"].items() if secret["file"] != f"./deploy/secrets/{name}"] == []
    assert "deploy/secrets" in (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert (ROOT / "deploy/secrets/.gitignore").read_text(encoding="utf-8").splitlines()[1:] == ["*", "!.gitignore"]


def test_a_secret_file_is_read_where_it_is_mounted() -> None:
    """By a setting, or by a script or configuration that is mounted beside it."""
    for name, service in ALL.items():
        mounted = [volume.split(":")[0] for volume in service.get("volumes", ()) if volume.startswith("./")]
        read = " ".join(service.get("environment", {}).values())
        read += "".join((ROOT / path).read_text(encoding="utf-8") for path in mounted if (ROOT / path).is_file())
        found = set(re.findall(r"/run/secrets/(\w+)", read))
        assert found == set(service.get("secrets", ())), name


def test_every_service_has_a_role_of_its_own_and_nobody_who_runs_is_the_owner() -> None:
    def role(name: str) -> str:
        found = re.fullmatch(r"postgresql://(\w+)@postgres:5432/udi", OURS[name]["environment"]["UDI_DATABASE_URL"])
        assert found is not None
        return found[1]

    users = {name: (role(name), service["environment"]["UDI_SASL_USERNAME"]) for name, service in OURS.items()}
    assert {name: user for name, user in users.items() if name in LONG_RUNNING} == {
        name: (f"udi_{name}", name) for name in LONG_RUNNING
    }
    assert users["init"] == ("udi_owner", "admin")
    assert users["verify"] == ("udi_operator", "operator")
    assert {role(name) for name in OURS if name != "init"} <= set(ROLES)
    made = set(re.findall(r"CREATE ROLE (\w+) LOGIN", (ROOT / "deploy/postgres/roles.sh").read_text(encoding="utf-8")))
    assert made == {"udi_owner", *ROLES}


def test_nothing_answers_on_the_host_without_a_password() -> None:
    published = {name: service["ports"] for name, service in ALL.items() if "ports" in service}
    assert set(published) == {"kafka", "gateway"}
    kafka = ALL["kafka"]["environment"]
    protocols = dict(each.split(":") for each in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    listeners = dict(each.split("://") for each in kafka["KAFKA_LISTENERS"].split(","))
    open_ones = {name for name, protocol in protocols.items() if not protocol.startswith("SASL")}
    assert {name for name, where in listeners.items() if where.startswith("localhost:")} == open_ones
    assert kafka["KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND"] == "false"


@pytest.mark.starts
def test_the_script_makes_every_secret_and_again_changes_none(tmp_path: Path) -> None:
    shutil.copy(ROOT / "deploy" / "make-secrets.sh", tmp_path)

    def run() -> dict[str, str]:
        subprocess.run(["sh", str(tmp_path / "make-secrets.sh")], check=True)
        return {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "secrets").iterdir()}

    first = run()
    assert set(COMPOSE["secrets"]) <= set(first)
    assert [name for name, content in first.items() if len(content) < 20] == []
    assert 'user_his="' in first["kafka_users"]
    assert run() == first


@pytest.mark.starts
def test_only_the_relay_writes_what_leaves() -> None:
    """The ACLs as the script asks for them, by a command that prints them."""
    done = subprocess.run(
        ["sh", str(ROOT / "deploy/kafka/acls.sh")], capture_output=True, text=True, check=True,
        env={"ACLS": "echo", "PASSWORD_FILE": "/dev/null", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.stdout == ""
    script = (ROOT / "deploy/kafka/acls.sh").read_text(encoding="utf-8")
    named = {each.name for each in TOPICS}
    outputs = {each.name for each in TOPICS if each.written_by == "relay"}
    lists = dict(re.findall(r'^(inputs|outputs)="(.+)"$', script, re.MULTILINE))
    assert set(lists["outputs"].split()) == outputs
    assert set(lists["inputs"].split()) == named - outputs
    for line in re.findall(r"^allow .*--operation Write.*\$\(topics (.+)\)$", script, re.MULTILINE):
        assert line == "$outputs" or not set(line.split()) & outputs
    assert [line.split()[1] for line in script.splitlines() if "Write $(topics $outputs)" in line] == ["relay"]


def test_the_image_is_locked_pinned_and_not_root() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.11.13-slim-bookworm"}
    assert "--require-hashes" in DOCKERFILE
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE) == ['["udi"]']
    packages = set(re.findall(r"^COPY (models|rules|sinks|streams) \1$", DOCKERFILE, re.MULTILINE))
    assert packages == {"models", "rules", "sinks", "streams"}


def test_alertmanager_tells_receivers_that_exist_about_alerts_that_exist() -> None:
    config = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))
    routes = [config["route"], *config["route"]["routes"]]
    assert {route["receiver"] for route in routes} == {receiver["name"] for receiver in config["receivers"]}
    matchers = [
        matcher for rule in config["inhibit_rules"] for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    patterns = [pattern for matcher in matchers for pattern in re.findall(r'alertname =~? "(.+)"', matcher)]
    assert len(patterns) == len(matchers)
    named = {f"Udi{each}" for pattern in patterns for each in re.sub(r"^Udi|[()]", "", pattern).split("|")}
    assert named <= alert_names()
