"""Turn this process into a server that ends with its parent, as another user where asked.

Run as a script, with the standard library only: `python -I -S launch.py PARENT SIGNAL USER PROGRAM ARGUMENT...`.
A script rather than `preexec_fn`, because code between fork and exec may deadlock in a process with threads.
"""

import ctypes
import os
import pwd
import sys
from collections.abc import Sequence
from typing import Final

PR_SET_PDEATHSIG: Final = 1
NO_USER: Final = "-"


def become(user: str) -> None:
    """Drop from root to `user`, groups included.

    Raises:
        KeyError: the system has no such user.
        PermissionError: this process may not change its user.
    """
    account = pwd.getpwnam(user)
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def end_with_parent(parent: int, death_signal: int) -> None:
    """Ask the kernel for `death_signal` when the thread that started this process ends (Linux; elsewhere nothing).

    Call it after the last change of user, which would clear the wish; `exec` keeps it.

    Raises:
        SystemExit: the parent with the process id `parent` ended before the wish was made.

    References:
        prctl(2), PR_SET_PDEATHSIG.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(f"Expected process {parent} as parent, got {os.getppid()}: it has ended.")


def main(arguments: Sequence[str]) -> None:
    """Replace this process by the program; never returns.

    Args:
        arguments: process id of the parent, number of the signal, user or `-`, path of the program, its arguments.

    Raises:
        OSError: the program cannot be started.
    """
    parent, death_signal, user, *command = arguments
    if user != NO_USER:
        become(user)
    end_with_parent(int(parent), int(death_signal))
    os.execv(command[0], command)  # noqa: S606  # The command is ours and no shell takes part.


if __name__ == "__main__":
    main(sys.argv[1:])
