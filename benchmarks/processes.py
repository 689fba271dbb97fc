"""CPU time and memory of processes, from /proc.

References:
    proc_pid_stat(5), fields 4 (ppid) and 14 to 17 (utime, stime, cutime, cstime); proc_pid_statm(5), field 2.
"""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1024 * 1024


def children(parent: int) -> list[int]:
    """Process ids of its children."""
    running = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for pid in running if (fields := _stat(pid)) and int(fields[1]) == parent]


def children_running(*words: str) -> list[int]:
    """This process's children whose command line has all of these words."""
    return [pid for pid in children(os.getpid()) if set(words) <= set(_command(pid))]


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, of its ended children and of its living ones."""
    fields = _stat(pid)
    if not fields:
        return 0.0
    own = sum(int(field) for field in fields[11:15]) / TICKS
    return own + sum(cpu_seconds(child) for child in children(pid))


def cpu_of(pids: dict[str, list[int]]) -> dict[str, float]:
    """CPU seconds by role."""
    return {role: sum(map(cpu_seconds, found)) for role, found in pids.items()}


def rss_mib(pid: int) -> float:
    """Resident memory in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE / MIB


def _stat(pid: int) -> list[str]:
    """From field 3 on: the name before may hold blanks and brackets. Empty when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _command(pid: int) -> list[str]:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    return [Path(word.decode(errors="replace")).name for word in words]
