"""The list of the files that a person trusts."""

import os
import threading
from pathlib import Path

import pytest

from archwright.evaluate.permission import ListUnwritable, find_settings_folder, is_trusted_file, trust_file


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    return tmp_path / "settings"


def test_what_was_put_on_the_list_is_on_it_and_nothing_else(folder):
    assert not is_trusted_file("/a.py")
    trust_file("/a.py")
    trust_file("/b c.py")
    trust_file("/a.py")
    assert is_trusted_file("/a.py")
    assert is_trusted_file("/b c.py")
    assert not is_trusted_file("/b")
    assert not is_trusted_file("")
    assert (folder / "trusted").read_text() == "/a.py\n/b c.py\n"


def test_a_path_with_a_line_break_is_no_two_paths():
    with pytest.raises(ListUnwritable, match="line break"):
        trust_file("/a\n/etc/b.py")
    assert not is_trusted_file("/etc/b.py")


def test_paths_that_are_no_text_are_on_it_as_they_are():
    name = os.fsdecode(b"/\xff.py")
    trust_file(name)
    assert is_trusted_file(name)


def test_all_that_is_put_on_it_at_once_is_on_it():
    several = [threading.Thread(target=trust_file, args=[f"/{i}.py"]) for i in range(8)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert all(is_trusted_file(f"/{i}.py") for i in range(8))


def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(folder):
    folder.write_text("a file")
    with pytest.raises(ListUnwritable, match=r"/a\.py cannot be put on the list .*ARCHWRIGHT_CONFIG"):
        trust_file("/a.py")
    assert not is_trusted_file("/a.py")


def test_where_it_lies(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHWRIGHT_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "somewhere")  # which is to be absolute, or is nothing
    assert find_settings_folder() == tmp_path / ".config/archwright"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    assert find_settings_folder() == tmp_path / "etc/archwright"


def test_nobody_else_can_write_it_and_nothing_is_left_beside_it(folder):
    """Whatever files are usually made like."""
    usual = os.umask(0)
    try:
        trust_file("/a.py")
        trust_file("/b.py")
    finally:
        os.umask(usual)
    assert (folder / "trusted").stat().st_mode & 0o777 == 0o600
    assert {each.name for each in folder.iterdir()} - {"trusted.lock"} == {"trusted"}
