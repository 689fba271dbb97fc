"""The unit tests that fit the module that differs from what git has: what each mutant is tried on."""

import subprocess
import sys
from pathlib import Path

FLAT = ("tests/unit/rules", "tests/unit/models")
"""The tests of charging, labels, the view, money and texts lie beside the folders of the other capabilities."""


def fitting(module: Path) -> list[str]:
    """Folders and files of unit tests for a module of `models` or `rules`."""
    capability = module.parts[1] if len(module.parts) > 2 else ""
    folders = [f"tests/unit/{layer}/{capability}" for layer in ("models", "rules") if capability]
    there = [folder for folder in folders if Path(folder).is_dir()]
    if f"tests/unit/{module.parts[0]}/{capability}" in there and capability != "labels":
        return there
    return [*there, *(str(path) for folder in FLAT for path in sorted(Path(folder).glob("test_*.py")))]


def main() -> int:
    """Run them; 0 when they notice nothing."""
    said = ["git", "diff", "--name-only", "--", "models", "rules"]
    changed = subprocess.run(said, capture_output=True, text=True, check=True).stdout.split()
    tests = sorted({test for each in changed for test in fitting(Path(each))}) or [
        "tests/unit/models",
        "tests/unit/rules",
    ]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
