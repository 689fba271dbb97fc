"""Ctrl-C ends a demo within three seconds, also one that does not listen, and leaves no process and no folder."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from streams.proofs.demo.ending import IN_ORDER_SECONDS_MAX, KILL_SECONDS_MAX

SECONDS_MAX: Final = 60.0
"""It would never end by itself; three seconds are what `ending` gives itself, on a machine that lets it run."""
PROGRAM: Final = """
import subprocess, sys
from pathlib import Path
from streams.proofs.demo.ending import ending

with ending() as end:
    end.folder = Path(sys.argv[1])
    end.folder.mkdir()
    end.ask = lambda: None
    child = subprocess.Popen(["sleep", "600"])
    print(child.pid, flush=True)
    while True:
        {work}
"""
BUSY: Final = {"waits": "child.wait()", "counts": "sum(range(1000))"}


@pytest.mark.starts
@pytest.mark.parametrize("work", BUSY)
def test_a_demo_that_does_not_listen_is_ended_by_force(work: str, tmp_path: Path) -> None:
    program = PROGRAM.format(work=BUSY[work])
    command = [sys.executable, "-c", program, str(tmp_path / "made")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        child = int(demo.stdout.readline())
        demo.send_signal(signal.SIGINT)
        try:
            assert demo.wait(SECONDS_MAX) == 130
            assert "nothing is left behind" in demo.stdout.read()
        finally:
            demo.kill()

    assert IN_ORDER_SECONDS_MAX + KILL_SECONDS_MAX < 3
    assert not (tmp_path / "made").exists()
    assert _ended(child)


def _ended(process: int) -> bool:
    """Whether it is gone, or waits only for its parent to be told."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    return True
