"""What `udi run` says when everything is at work: where, and what to try; in both languages."""

from pathlib import Path

import pytest

from streams import language
from streams.cli.services import say_ready
from streams.settings import Settings

DEFAULT = Path("~/.udistream").expanduser()


def said(capsys: pytest.CaptureFixture[str], folder: Path, names: list[str], **changes: object) -> list[str]:
    settings = Settings(data_dir=folder).model_copy(update={"embedded_broker": True} | changes)
    say_ready(settings, names)
    return capsys.readouterr().err.splitlines()


def test_the_folder_the_pages_and_what_to_try_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, DEFAULT, ["worker", "gateway"]) == [
        f"udi is ready in {DEFAULT}: worker, gateway.",
        "Pages: http://127.0.0.1:8000/",
        "Try from a second terminal: python examples/publish_scan.py · udi status · udi parked · udi held",
        "Ctrl-C ends everything; what is recorded stays.",
    ]


def test_another_folder_must_be_named_in_the_second_terminal_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = said(capsys, tmp_path, ["worker"])

    assert lines[1].startswith(f"Try from a second terminal (UDI_DATA_DIR={tmp_path}): ")
    assert not any(line.startswith("Pages") for line in lines)


def test_it_is_said_in_chinese_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    language.choose("zh-CN")
    assert said(capsys, tmp_path, ["relay"])[0] == f"udi 已在 {tmp_path} 中就绪：relay。"


def test_with_a_broker_of_your_own_no_folder_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert said(capsys, tmp_path, ["relay"], embedded_broker=False)[0] == "udi is ready: relay."
