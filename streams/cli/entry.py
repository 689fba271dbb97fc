"""The command `udi` as it is started: Ctrl-C while its modules are loaded ends it without a traceback."""

import gc
import signal

OBJECTS_MAX = 50_000
"""New objects after which garbage is looked for. Python's own figure is 700, and loading makes no garbage: a gateway
needed 1.93 s of CPU until it was loaded, and needs 1.65 s."""


def main() -> None:
    """Load the commands, then run the one that was asked for."""
    gc.set_threshold(OBJECTS_MAX)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from streams.cli.main import main as run  # noqa: PLC0415 -- what takes time to load comes after the line above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
