"""Settings: the only reader of the environment. A field is `UDI_` and its name, or its name in the TOML file."""

import json
import os
import ssl
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from streams.embedded.folder import EMBEDDED_FILE, somebody_runs_in


class Settings(BaseSettings):
    """What an installation may set. Decisions read none of it except through values handed to them."""

    model_config = SettingsConfigDict(env_prefix="UDI_", extra="forbid", use_attribute_docstrings=True, frozen=True)

    bootstrap_servers: str | None = None
    """Kafka, `host:port,…`. Unset together with `database_url`: embedded broker and database."""
    database_url: SecretStr | None = None
    """PostgreSQL, `postgresql://user:password@host:port/name`."""
    database_password_file: Path | None = None
    """A file whose first line is the database password; it takes the place of the one in the URL."""
    data_dir: Path = Path("~/.udistream")
    """Folder of the embedded parts and their logs: empty, or made by udistream; one process runs in it."""
    embedded_broker: bool = False
    """The broker is the embedded one: no groups, no transactions, one worker, one relay. Set by `udi run` itself."""
    topic_prefix: str = Field(default="udi.", pattern=r"^[a-zA-Z0-9._-]{0,50}$")
    """Begins every topic name. Fixed at `udi init`."""
    lanes: int = Field(default=4, ge=1, le=256)
    """Partitions of the scan topic and of everything a scan causes. Fixed at `udi init`."""
    replication_factor: int | None = Field(default=None, ge=1)
    """Of the topics made by `udi init`; unset: three, or as many as there are brokers when they are fewer."""
    outage_days_max: int = Field(default=14, ge=1, le=3650)
    """The longest outage to survive, of ours or of who reads us: no topic may forget sooner. See `udi doctor`."""
    outbox_kept_days: int = Field(default=400, ge=30, le=36500)
    """How long the outbox keeps the bodies of what is published; ids and keys stay. See operations.md, "What grows"."""
    raw_kept_months: int | None = Field(default=None, ge=3, le=1200)
    """How many whole months the bytes of scans stay; unset: for ever. See operations.md, "What grows"."""
    log_append_time: bool = True
    """Topics stamp records with the broker's clock. Fixed at `udi init`; the embedded broker keeps the producer's."""
    time_zone: str = "Asia/Shanghai"
    """The hospital's days and months. Fixed at `udi init`."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How brokers are spoken to: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT`, `SASL_SSL`."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512`; where the protocol begins with `SASL`."""
    sasl_username: str | None = None
    """The Kafka user."""
    sasl_password: SecretStr | None = None
    """The Kafka password; better by file."""
    sasl_password_file: Path | None = None
    """A file whose first line is the Kafka password."""
    ssl_ca_file: Path | None = None
    """PEM of the authority that signed the brokers' certificates; unset: the system's."""
    ssl_certificate_file: Path | None = None
    """PEM with this client's certificate and key, where brokers ask for one."""
    health_host: str = "127.0.0.1"
    """The address that health and metrics listen on."""
    health_port: int | None = Field(default=None, ge=0, le=65535)
    """Where `/healthz`, `/readyz` and `/metrics` answer; unset: nowhere. 0: any free port, printed at the start."""
    gateway_host: str = "127.0.0.1"
    """The address that the gateway and its pages listen on."""
    gateway_port: int = Field(default=8000, ge=0, le=65535)
    """The port of the gateway and its pages. 0: any free one, printed at the start."""
    gateway_token_seconds: int = Field(default=900, ge=1, le=86_400)
    """How long a device's token holds."""
    gateway_events_per_second: int = Field(default=2000, ge=1)
    """Scan events one device may send through one gateway, on average over ten seconds."""
    terminal_decoder: Literal["gateway", "terminal"] = "gateway"
    """Who reads a camera's picture: the gateway it is sent to, or the terminal by the decoder it is served (1 MB)."""
    oidc_issuer: str | None = None
    """The hospital's identity provider (OpenID Connect), its issuer's URL; unset: accounts of ours alone."""
    oidc_client_id: str = "udistream"
    """How the provider knows us. We are sent back to `/sign-in/back`."""
    oidc_client_secret_file: Path | None = None
    """A file whose first line is the secret that the provider knows us by."""
    oidc_roles_claim: str = "groups"
    """The claim of the id token that names a person's groups."""
    oidc_roles: dict[str, str] = {}
    """JSON: the role that each group stands for; a group that is not named stands for the role of its name, if any."""
    oidc_hospital: str | None = None
    """The hospital of everybody whom the provider vouches for; unset: the claim says it."""
    oidc_hospital_claim: str = "hospital"
    """The claim that names a person's hospital."""
    session_timeout_seconds: float = Field(default=6.0, ge=1)
    """How long a silent worker keeps its lanes (Kafka's `session.timeout.ms`)."""
    batch_records_max: int = Field(default=1000, ge=1, le=5000)
    """Records in one transaction of a lane, at most; half a megabyte ends a batch, too."""
    relay_window_ms: int = Field(default=10, ge=0, le=1000)
    """How long the relay gathers before a transaction; 10 to 20 ms is cheapest for the broker."""
    watchdog_seconds: float = Field(default=120.0, ge=5)
    """A worker whose lane stands still so long while it has work ends itself; its supervisor starts it anew."""
    seal_file: Path | None = None
    """A file to which the scheduler appends every seal, best on another machine's disk; unset: none."""

    month_run_day: int | None = Field(default=None, ge=1, le=10)
    """From this day of the month on the scheduler runs the months that are over; unset: a person does."""
    pack_dir: Path | None = None
    """Where the scheduler puts the meeting packs; unset: `packs` in the data folder."""

    def model_post_init(self, context: Any, /) -> None:
        """Refuse a name of the environment that is no setting: a typing error would silently leave the default."""
        del context
        unknown = unknown_names(os.environ)
        if unknown:
            raise SettingsError("; ".join(unknown))

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("Expected a time zone like Asia/Shanghai") from None
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- pydantic-settings' signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- pydantic-settings' signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the TOML file named by `UDI_CONFIG` (`--config`), if any."""
        config = os.environ.get("UDI_CONFIG")
        if config and not Path(config).is_file():
            raise SettingsError(f"Expected a settings file, found none at {config}.")
        toml = (TomlConfigSettingsSource(settings_cls, Path(config)),) if config else ()
        return (init_settings, env_settings, *toml)

    @property
    def embedded(self) -> bool:
        """Neither broker nor database is given: both are embedded."""
        return self.bootstrap_servers is None and self.database_url is None

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return ZoneInfo(self.time_zone)

    def topic(self, name: str) -> str:
        """The full name of a topic of `models.wire.topics`."""
        return self.topic_prefix + name

    def database(self) -> str:
        """The database URL with its password. Never printed."""
        assert self.database_url is not None  # noqa: S101 -- `resolve` has seen to it
        url = self.database_url.get_secret_value()
        if urlsplit(url).scheme not in {"postgresql", "postgres"}:
            raise SettingsError("UDI_DATABASE_URL: expected postgresql://user:password@host:port/name.")
        if self.database_password_file is not None:
            url = _with_password(url, _first_line(self.database_password_file))
        return url

    def kafka(self) -> dict[str, Any]:
        """Connection options of every aiokafka client."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_secret(),
            }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = self.ssl_context()
        return options

    def sasl_secret(self) -> str | None:
        """The Kafka password, from its file or the setting."""
        if self.sasl_password_file is not None:
            return _first_line(self.sasl_password_file)
        return self.sasl_password.get_secret_value() if self.sasl_password else None

    def oidc_secret(self) -> str | None:
        """What the identity provider knows us by."""
        return None if self.oidc_client_secret_file is None else _first_line(self.oidc_client_secret_file)

    def ssl_context(self) -> ssl.SSLContext:
        """TLS that checks the broker's certificate and name."""
        context = ssl.create_default_context(cafile=str(self.ssl_ca_file) if self.ssl_ca_file else None)
        if self.ssl_certificate_file is not None:
            context.load_cert_chain(str(self.ssl_certificate_file))
        return context


class SettingsError(Exception):
    """The settings can't be used as they are; the text says what to mend."""


_OTHERS = ("UDI_CONFIG", "UDI_LANG", "UDI_CHAOS_SECONDS", "UDI_CHAOS_SEED")
"""Names that are read elsewhere: the TOML file, the language of commands, length and seed of kill tests."""


def unknown_names(names: Iterable[str]) -> list[str]:
    """What is wrong with names that begin with `UDI_` and are no settings: a sentence each."""
    known = [*(f"UDI_{field.upper()}" for field in Settings.model_fields), *_OTHERS]
    wrong = sorted({name for name in names if name.upper().startswith("UDI_")} - set(known))
    wrong = [name for name in wrong if name.upper() not in known]
    close = {name: get_close_matches(name.upper(), known, 1) for name in wrong}
    return [
        f"Expected a setting, got {name}" + (f"; did you mean {close[name][0]}?" if close[name] else ".")
        for name in wrong
    ]


def resolve(settings: Settings) -> Settings:
    """The settings with addresses: as given, or those of the embedded parts that run in the data folder.

    Raises:
        SettingsError: only one of broker and database is given, or neither and nobody runs in the data folder.
    """
    if settings.bootstrap_servers is not None and settings.database_url is not None:
        return settings
    if not settings.embedded:
        raise SettingsError("Expected both UDI_BOOTSTRAP_SERVERS and UDI_DATABASE_URL, or neither; got one.")
    folder = settings.data_dir
    try:
        running = somebody_runs_in(folder)
        found = json.loads((folder / EMBEDDED_FILE).read_text(encoding="utf-8")) if running else None
    except FileNotFoundError:
        found = None
    except NotADirectoryError:
        raise SettingsError(f"Expected a folder, got {folder}, which is or lies in a file.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"Expected {folder / EMBEDDED_FILE} to be readable by you, got {error}.") from None
    if found is None:
        raise SettingsError(
            f"`udi run` is not running in {folder}. Start it, or set UDI_DATA_DIR to the folder where it runs, or "
            "UDI_BOOTSTRAP_SERVERS and UDI_DATABASE_URL to broker and database of your own."
        )
    return settings.model_copy(update=addresses(found))


def addresses(found: dict[str, str]) -> dict[str, Any]:
    """The settings that say where embedded parts are."""
    return {
        "bootstrap_servers": found["bootstrap_servers"],
        "database_url": SecretStr(found["database_url"]),
        "embedded_broker": True,
        "log_append_time": False,
    }


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    login, _, place = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}"))


def _first_line(file: Path) -> str:
    return file.read_text(encoding="utf-8").splitlines()[0]
