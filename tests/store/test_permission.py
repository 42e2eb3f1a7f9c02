"""Which file a log's name would run, whether it may, and the list of the files that a user trusts."""

import os
import sys
import threading
from pathlib import Path

import pytest

from archwright.store.permission import (
    ListUnwritable,
    NotTrusted,
    find_settings_folder,
    find_source_file,
    is_trusted_file,
    require_trusted,
    trust_file,
    trust_source,
)
from archwright.store.user_code import NoSuchSource


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    """A folder with files and modules, each of which leaves a mark where it is run."""
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    code = f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\nspace = 1\n"
    places = ["own.py", "package_of_theirs/__init__.py", "package_of_theirs/inside.py", "names_of_theirs/deep.py"]
    for place in (*places, "names_of_theirs/deeper/deepest.py"):
        (tmp_path / "code" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / place).write_text(code)
    monkeypatch.chdir(tmp_path / "code")
    yield tmp_path / "code"
    assert not (tmp_path / "ran").exists()  # finding and allowing run nothing


@pytest.mark.parametrize(
    ("source", "file"),
    {
        "own.py:space": "own.py",
        "./package_of_theirs/../own.py:space": "own.py",
        "package_of_theirs:space": "package_of_theirs/__init__.py",
        "package_of_theirs.inside:space": "package_of_theirs/inside.py",
        "names_of_theirs.deep:space": "names_of_theirs/deep.py",
        "names_of_theirs.deeper.deepest:space": "names_of_theirs/deeper/deepest.py",
    }.items(),
)
def test_a_source_is_trusted_from_when_a_person_has_named_it(here, source, file):
    assert find_source_file(source) == str(here / file)
    with pytest.raises(NotTrusted, match=f"{here}/.*--trust.*archwright space {source}"):
        require_trusted(source)
    require_trusted(source, trusted=True)
    with pytest.raises(NotTrusted):  # which was for once
        require_trusted(source)
    trust_source(source)
    require_trusted(source)
    (here / file).write_text("space = 2")
    require_trusted(source)


def test_the_same_file_by_another_name_is_the_same(here, monkeypatch):
    trust_source("own.py:space")
    (here / "link.py").symlink_to("own.py")
    require_trusted("link.py:other")
    monkeypatch.chdir(here.parent)
    require_trusted(f"{here}/own.py:space")
    with pytest.raises(NoSuchSource):  # paths are from the current folder
        require_trusted("own.py:space")


def test_a_package_that_would_run_is_asked_for_too(here):
    """Though the module in it is a link to a file that is trusted, or trusted itself."""
    (here / "code_of_others").mkdir()
    (here / "code_of_others/__init__.py").write_text((here / "own.py").read_text())
    (here / "code_of_others/mine.py").symlink_to(here / "own.py")
    trust_source("own.py:space")
    with pytest.raises(NotTrusted, match=r"code_of_others/__init__\.py"):
        require_trusted("code_of_others.mine:space")
    trust_source(f"{here}/code_of_others/__init__.py:space")
    with pytest.raises(NotTrusted, match=r"code_of_others/mine\.py"):  # which imports what lies here
        require_trusted("code_of_others.mine:space")
    trust_source("code_of_others.mine:space")
    require_trusted("code_of_others.mine:space")


@pytest.mark.parametrize("folder", ["a.duckdb.artifacts", "a.duckdb.artifacts/run-1/trial-0", "A.Artifacts"])
def test_a_file_that_travels_with_a_log_is_never_trusted_for_its_place(here, folder):
    """Neither by its own path nor by one that leads there, nor though it was named once; but now it may be."""
    there = here / folder / "own.py"
    there.parent.mkdir(parents=True)
    there.write_text((here / "own.py").read_text())
    (here / "link.py").symlink_to(there)
    (here / "out.artifacts").symlink_to(here)
    for source in (f"{folder}/own.py:space", "link.py:space", f"{folder}/../{Path(folder).name}/own.py:space"):
        if (here / source.partition(":")[0]).exists():
            trust_source(source)
            with pytest.raises(NotTrusted, match="travels with logs"):
                require_trusted(source)
            require_trusted(source, trusted=True)
    trust_source("own.py:space")
    with pytest.raises(NotTrusted, match="travels with logs"):
        require_trusted("out.artifacts/own.py:space")


@pytest.mark.parametrize("source", ["math:prod", "time:time", "archwright.core.spaces.named:digits", "shutil:rmtree"])
def test_what_is_installed_is_no_exception(source):
    """A log is not to choose which of its functions are called, with what."""
    with pytest.raises(NotTrusted):
        require_trusted(source)
    trust_source(source)
    require_trusted(source)


@pytest.mark.parametrize(
    "source",
    [
        "none.py:space",
        "no_such_module_of_theirs:x",
        "package_of_theirs.none:x",
        "..own:x",
        ":x:x",
        "~nobody-at-all/x.py:x",
        "\0.py:x",
    ],
)
def test_what_is_not_there_is_told_as_that(source):
    with pytest.raises(NoSuchSource):
        require_trusted(source)


def test_links_in_a_circle_are_no_file(here):
    (here / "a.py").symlink_to("b.py")
    (here / "b.py").symlink_to("a.py")
    with pytest.raises(NoSuchSource):
        require_trusted("a.py:space")


def test_a_built_in_name_needs_no_permission(here):
    """Also where a file of that name lies, which needs one."""
    (here / "digits.py").touch()
    require_trusted("digits")
    for source in ("digits.py:space", "digits:space"):
        with pytest.raises(NotTrusted):
            require_trusted(source)


@pytest.fixture
def settings(tmp_path) -> Path:
    """The folder of the list."""
    return tmp_path / "settings"


def test_a_trusted_file_is_on_the_list_and_nothing_else(settings):
    assert not is_trusted_file("/a.py")
    trust_file("/a.py")
    trust_file("/b c.py")
    trust_file("/a.py")
    assert is_trusted_file("/a.py")
    assert is_trusted_file("/b c.py")
    assert not is_trusted_file("/b")
    assert not is_trusted_file("")
    assert (settings / "trusted").read_text() == "/a.py\n/b c.py\n"


def test_a_path_with_a_line_break_is_not_two_paths():
    with pytest.raises(ListUnwritable, match="line break"):
        trust_file("/a\n/etc/b.py")
    assert not is_trusted_file("/etc/b.py")


def test_paths_that_are_no_text_are_trusted_as_they_are():
    name = os.fsdecode(b"/\xff.py")
    trust_file(name)
    assert is_trusted_file(name)


def test_all_files_that_are_trusted_at_once_are_on_the_list():
    threads = [threading.Thread(target=trust_file, args=[f"/{i}.py"]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(is_trusted_file(f"/{i}.py") for i in range(8))


def test_a_list_that_cannot_be_written_is_an_error_with_its_remedy(settings):
    settings.write_text("a file")
    with pytest.raises(ListUnwritable, match=r"/a\.py cannot be put on the list .*ARCHWRIGHT_CONFIG"):
        trust_file("/a.py")
    assert not is_trusted_file("/a.py")


def test_the_settings_folder_follows_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHWRIGHT_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "somewhere")  # which is to be absolute, or is nothing
    assert find_settings_folder() == tmp_path / ".config/archwright"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    assert find_settings_folder() == tmp_path / "etc/archwright"


def test_nobody_else_can_write_the_list_and_nothing_is_left_beside_it(settings):
    """Whatever files are usually made like."""
    mask = os.umask(0)
    try:
        trust_file("/a.py")
        trust_file("/b.py")
    finally:
        os.umask(mask)
    assert (settings / "trusted").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in settings.iterdir()} - {"trusted.lock"} == {"trusted"}
