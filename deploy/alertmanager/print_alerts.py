# ruff: noqa: INP001 -- a program of one file, mounted into a container
"""A receiver of alerts that prints them: the example of docker-compose.yml, to be replaced by the site's own."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Printer(BaseHTTPRequestHandler):
    """Takes Alertmanager's webhook (version 4)."""

    def do_POST(self) -> None:
        """Print a line for each alert."""
        told: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in told.get("alerts", ()):
            labels, notes = alert["labels"], alert["annotations"]
            line = {"to": self.path.strip("/"), "status": alert["status"], "alert": labels.get("alertname")}
            line |= {"severity": labels.get("severity"), "since": alert["startsAt"], **notes}
            print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201 -- what it is for
        self._answer()

    def do_GET(self) -> None:
        """Say that it is there."""
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name the standard library asks for
        """Requests are no news."""


if __name__ == "__main__":
    HTTPServer(("", 9099), Printer).serve_forever()
