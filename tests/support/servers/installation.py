"""`udi demo --keep`, and how one gets in."""

import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SAID: Final = re.compile(
    r"(?P<address>http://\S+?)/\s.*?password\s+(?P<password>\S+).*?hospital\s+(?P<hospital>\S+),\s+"
    r"device\s+(?P<device>\S+),\s+key\s+(?P<key>\S+).*?case\s+(?P<case>[^\s,]+),\s+then\s+(?P<code>\S+)",
    re.DOTALL,
)
STOP_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Installation:
    """What the demo has printed."""

    address: str
    password: str
    hospital: str
    device: str
    key: str
    case: str
    code: str

    def session(self) -> str:
        """The cookie of the demo's person."""
        form = urllib.parse.urlencode({"name": "demo", "password": self.password, "next": "/"}).encode()
        request = urllib.request.Request(f"{self.address}/sign-in", form)  # noqa: S310 -- an address of ours
        try:
            _OPENER.open(request, timeout=60)
        except urllib.error.HTTPError as answer:
            return str(answer.headers["Set-Cookie"]).partition(";")[0]
        raise AssertionError("Expected a redirect after signing in.")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """The answer that leads elsewhere is the answer."""


_OPENER: Final = urllib.request.build_opener(_Stay)


def _until_it_answers(address: str) -> None:
    """The address is printed while the gateway starts."""
    for _ in range(STOP_SECONDS):
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=10).close()  # noqa: S310 -- an address of ours
        except OSError:
            time.sleep(1)
        else:
            return
    raise AssertionError(f"Expected an answer of {address}.")


def address_of_books(folder: Path) -> str:
    """The address of the PostgreSQL of what runs in the folder, as its owner."""
    command = [sys.executable, "-m", "streams", "status", "--address"]
    own = os.environ | {"UDI_DATA_DIR": str(folder)}
    return subprocess.run(command, env=own, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


@contextmanager
def installation(folder: Path, scans: int, months: int) -> Iterator[Installation]:
    """The demo with so many scans, everything up; down when left."""
    own = os.environ | {
        "UDI_DATA_DIR": str(folder), "UDI_GATEWAY_EVENTS_PER_SECOND": "1000000", "COLUMNS": "250", "UDI_LANG": "en",
    }  # fmt: skip
    command = [sys.executable, "-m", "streams", "demo", "--keep", "--scans", str(scans), "--months", str(months)]
    with subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        # Lines of a box have its sides; what is printed between them is what matters.
        found = _SAID.search(re.sub(r"[│╭╮╰╯─]", " ", said).replace("\n", " "))
        try:
            assert found, said[-3000:]
            installed = Installation(**found.groupdict())
            _until_it_answers(installed.address)
            yield installed
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
