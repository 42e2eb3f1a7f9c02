"""Files that are written whole or not at all, and in the place of their own kind alone."""

from pathlib import Path

import pytest

from archwright.display.output_file import (
    CSV_FILE,
    JSON_FILE,
    PARQUET_FILE,
    PDF_FILE,
    PNG_FILE,
    SVG_FILE,
    FileOfAnotherKind,
    UnwritableFile,
    stage_file,
)
from archwright.store.atomic import DRAFT_FOLDER_PREFIX

KINDS = {
    ".csv": CSV_FILE,
    ".json": JSON_FILE,
    ".parquet": PARQUET_FILE,
    ".svg": SVG_FILE,
    ".png": PNG_FILE,
    ".pdf": PDF_FILE,
}
BEGINNINGS = {
    ".csv": b"trial,score\n0,0.5\n",
    ".json": b'[\n\t{"trial":0}\n]\n',
    ".parquet": b"PAR1\0\1",
    ".svg": b"<svg/>\n",
    ".png": b"\x89PNG\r\n\x1a\n\0",
    ".pdf": b"%PDF-1.4\n",
}


def write(target: Path, content: bytes = b"new", kind=CSV_FILE) -> None:
    with stage_file(target, kind) as beside:
        assert beside.parent.parent == target.resolve().parent  # so that it can be renamed
        beside.write_bytes(content)


def write_half(target: Path, error: type[BaseException]) -> None:
    with stage_file(target, CSV_FILE) as beside:
        beside.write_text("half")
        raise error


def test_a_file_is_there_once_it_is_whole(tmp_path):
    """Until then the old one is, and afterwards nothing else; its permissions stay."""
    target = tmp_path / "out.csv"
    target.write_text("old,er\n")
    target.chmod(0o640)
    with stage_file(target, CSV_FILE) as beside:
        beside.write_text("new")
        assert target.read_text() == "old,er\n"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_file_has_the_usual_permissions(tmp_path):
    write(tmp_path / "out.csv")
    (tmp_path / "usual").touch()
    assert (tmp_path / "out.csv").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_touches_nothing(tmp_path, error):
    target = tmp_path / "out.csv"
    for there in (False, True):
        if there:
            target.write_text("old,er\n")
        with pytest.raises(error):
            write_half(target, error)
        assert [file.read_text() for file in tmp_path.iterdir()] == ["old,er\n"] * there


def test_what_a_killed_process_had_begun_is_swept(tmp_path):
    """Not what another one is writing now."""
    (tmp_path / f"{DRAFT_FOLDER_PREFIX}dead").mkdir()
    (tmp_path / f"{DRAFT_FOLDER_PREFIX}dead" / "out.csv").write_text("half")
    with stage_file(tmp_path / "other.csv", CSV_FILE) as other:
        write(tmp_path / "out.csv")
        assert sorted(tmp_path.iterdir()) == sorted([other.parent, tmp_path / "out.csv"])


@pytest.mark.parametrize("name", KINDS)
def test_only_a_file_of_its_kind_is_replaced(tmp_path, name):
    """Or an empty one."""
    others = [content for other, content in BEGINNINGS.items() if other != name]
    for i, content in enumerate([*others, b"#!/usr/bin/env python\nprint(1, 2)\nprint(3)\n", b"\0\xff\xfe"]):
        target = tmp_path / f"{i}{name}"
        target.write_bytes(content)
        with pytest.raises(FileOfAnotherKind, match=f"{target.name} is there already and is no .*another file"):
            write(target, kind=KINDS[name])
        assert target.read_bytes() == content
    for content in (BEGINNINGS[name], b"", b"\n"):
        (tmp_path / f"same{name}").write_bytes(content)
        write(tmp_path / f"same{name}", kind=KINDS[name])
        assert (tmp_path / f"same{name}").read_bytes() == b"new"


def test_text_is_csv_only_under_that_name(tmp_path):
    """A single column is any text."""
    for name in ("notes.txt", "results.csv"):
        (tmp_path / name).write_text("a thesis\nin two lines\n")
    with pytest.raises(FileOfAnotherKind):
        write(tmp_path / "notes.txt")
    write(tmp_path / "results.csv")
    wide = ",".join(f"a_column_of_a_long_name_{i}" for i in range(1000)) + "\n" + "1," * 999 + "1\n"
    (tmp_path / "results.csv").write_text(wide)
    write(tmp_path / "results.csv")


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "out.csv")
    write(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "there" / "out.csv").read_bytes() == b"new"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_device_is_named():
    with (
        pytest.raises(UnwritableFile, match="/dev/full cannot be written: No space left on device"),
        stage_file(Path("/dev/full"), CSV_FILE) as beside,
    ):
        beside.write_bytes(b"a,b\n")
