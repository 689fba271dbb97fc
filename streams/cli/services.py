"""`udi init` and `udi run`."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from streams import logs
from streams.cli.connection import read_settings
from streams.language import say
from streams.settings import Settings, SettingsError, resolve

TRY: Final = "python examples/publish_scan.py · udi status · udi parked · udi held"


def init() -> None:
    """Migrate the database and make the topics; again changes nothing."""
    from streams import running  # noqa: PLC0415 -- `--help` needs no service
    from streams.cli.operating.doctor_topics import durability_now  # noqa: PLC0415 -- as above

    settings = resolve(read_settings())
    try:
        made = asyncio.run(running.initialise(settings))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    typer.echo(f"Database ready. Topics made: {', '.join(made) or 'none, all were there'}.")
    for each in asyncio.run(durability_now(settings)):
        typer.echo(f"{each.name}: {each.found}\n→ {each.mend}", err=True)


def run(names: Annotated[list[str] | None, typer.Argument(metavar="[worker|relay|scheduler|gateway]…")] = None) -> None:
    """Run services; all of them when none is named, over embedded parts when no addresses are set."""
    from streams import running  # noqa: PLC0415 -- as above

    logs.configure()
    unknown = [name for name in names or () if name not in running.SERVICES]
    if unknown:
        raise SettingsError(f"Expected services out of {', '.join(running.SERVICES)}; got {', '.join(unknown)}.")
    settings = read_settings()
    if names and len(names) == 1:
        running.run_one(names[0], resolve(settings))
    else:
        wanted = names or running.SERVICES
        running.run_together(settings, wanted, lambda resolved: say_ready(resolved, wanted))


def say_ready(settings: Settings, names: Sequence[str]) -> None:
    """Say that everything is at work, where, and what to try."""
    default = Settings.model_fields["data_dir"].get_default()
    moved = settings.embedded_broker and settings.data_dir != default.expanduser()
    first = "ready" if settings.embedded_broker else "own"
    _say(first, folder=settings.data_dir, services=", ".join(names))
    if "gateway" in names and settings.gateway_port:
        _say("pages", address=f"http://{settings.gateway_host}:{settings.gateway_port}/")
    _say("next", where=f" (UDI_DATA_DIR={settings.data_dir})" if moved else "", commands=TRY)
    _say("end")


def _say(name: str, **values: object) -> None:
    typer.echo(say("desk", "run", name, **values), err=True)
