"""The data folder: nobody's files are touched, and one process at a time runs in it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.embedded.folder import MARK, FolderError, Purpose, occupied, somebody_runs_in


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_an_empty_folder_and_one_that_is_not_there_are_taken_and_marked(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "new" / "deeper"):
        with occupied(folder, Purpose.RUN):
            found = json.loads((folder / MARK).read_text(encoding="utf-8"))

        assert found == {"made_by": "udistream", "purpose": "run", "process": os.getpid()}


@pytest.mark.parametrize("purpose", Purpose)
def test_a_folder_with_something_of_somebody_else_is_refused_and_left_as_it_is(
    tmp_path: Path, purpose: Purpose
) -> None:
    put(tmp_path, "letters/to-mother.txt")

    with pytest.raises(FolderError, match=r"which holds letters\. Nothing was changed"), occupied(tmp_path, purpose):
        pass

    assert names(tmp_path) == {"letters/to-mother.txt"}


def test_a_demo_removes_what_a_demo_before_it_made_and_nothing_else(tmp_path: Path) -> None:
    with occupied(tmp_path, Purpose.DEMO):
        put(tmp_path, "postgres/cluster/PG_VERSION", "worker.log", "notes.txt")

    with occupied(tmp_path, Purpose.DEMO):
        assert names(tmp_path) == {MARK, "notes.txt"}


def test_a_demo_does_not_touch_the_books_of_a_run(tmp_path: Path) -> None:
    with occupied(tmp_path, Purpose.RUN):
        put(tmp_path, "postgres/cluster/PG_VERSION")

    with pytest.raises(FolderError, match="They are kept"), occupied(tmp_path, Purpose.DEMO):
        pass

    assert names(tmp_path) == {MARK, "postgres/cluster/PG_VERSION"}


def test_the_books_of_a_demo_are_a_persons_own_once_he_runs_on_them(tmp_path: Path) -> None:
    for purpose in (Purpose.DEMO, Purpose.RUN):
        with occupied(tmp_path, purpose):
            put(tmp_path, "postgres/cluster/PG_VERSION")

    with pytest.raises(FolderError, match="They are kept"), occupied(tmp_path, Purpose.DEMO):
        pass


def test_a_link_that_lies_in_our_place_is_removed_and_not_what_it_points_to(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    put(elsewhere, "precious.txt")
    with occupied(folder, Purpose.DEMO):
        (folder / "postgres").symlink_to(elsewhere)

    with occupied(folder, Purpose.DEMO):
        assert names(folder) == {MARK}

    assert names(elsewhere) == {"precious.txt"}


def test_a_second_process_is_refused_and_told_who_runs_there(tmp_path: Path) -> None:
    assert not somebody_runs_in(tmp_path)
    with occupied(tmp_path, Purpose.RUN):
        assert somebody_runs_in(tmp_path)
        with pytest.raises(FolderError, match=f"process {os.getpid()} runs in it"), occupied(tmp_path, Purpose.DEMO):
            pass

    assert not somebody_runs_in(tmp_path)


@pytest.mark.starts
def test_a_folder_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from streams.embedded.folder import *\n"
        "with occupied(Path(sys.argv[1]), Purpose.RUN): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)

    with occupied(tmp_path, Purpose.RUN):
        pass


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, below: str) -> None:
    put(tmp_path, "file")

    with pytest.raises(FolderError, match="Expected a folder, got"), occupied(tmp_path / "file" / below, Purpose.RUN):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(FolderError, match="Expected a folder that can be written"), occupied(tmp_path, Purpose.RUN):
        pass
