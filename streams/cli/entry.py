"""The command `udi` as it is started: Ctrl-C while its modules are loaded ends it without a traceback."""

import signal


def main() -> None:
    """Load the commands, then run the one that was asked for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from streams.cli.main import main as run  # noqa: PLC0415 -- what takes time to load comes after the line above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
