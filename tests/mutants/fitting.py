"""The unit tests that reach the line that differs from what git has: what each mutant is tried on."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.mutants.reaching import reaching

PLUGINS: Final = ("no:cacheprovider", "pytest_timeout", "pytest_asyncio.plugin", "_hypothesis_pytestplugin")
PYTEST: Final = (
    *(sys.executable, "-m", "pytest", "-x", "-q", "--confcutdir=tests/unit", "--hypothesis-profile=ci"),
    *(word for plugin in PLUGINS for word in ("-p", plugin)),
)
"""Without the parts and plugins that pure tests don't need: loading them takes longer than most of these tests."""
ALL: Final = ("tests/unit/models", "tests/unit/rules")
HANG_SECONDS: Final = 120
"""A test that takes longer runs in a circle: the slowest takes a few seconds."""


def changed() -> tuple[Path, int] | None:
    """Module and line of the mutant that lies in the tree; `None` without one."""
    said = ("git", "diff", "-U0", "--", "models", "rules")
    diff = subprocess.run(said, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^\+\+\+ b/(.+)\n@@ -(\d+)", diff, re.MULTILINE)
    return (Path(found[1]), int(found[2])) if found else None


def main() -> int:
    """Run them; 0 when they notice nothing. Without a mutant run all, and note what each reaches."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    mutant = changed()
    if mutant is None:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        return subprocess.run([*PYTEST, "-p", "tests.mutants.reaching", *ALL], check=False).returncode
    tests = reaching(*mutant)
    if not tests:
        return 0
    Path("tests.txt").write_text("\n".join(tests))
    return subprocess.run([*PYTEST, f"--timeout={HANG_SECONDS}", "@tests.txt"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
