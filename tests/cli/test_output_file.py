"""Files that commands write: whole or not at all, and in the place of nothing else."""

import os
import shutil
import socket
import threading
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
from archwright.store.journal import write_journal
from archwright.store.own_files import FileOfALog

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
QUERY = "select trial, score from trials where run = 'run-1' order by trial"
WRITERS = {
    "csv": ("sql", QUERY, "--format", "csv", "-o"),
    "json": ("sql", QUERY, "--json", "-o"),
    "parquet": ("sql", QUERY, "--format", "parquet", "-o"),
    "svg": ("show", "run-1", "3", "--svg"),
    "space": ("space", "digits", "--svg"),
    "png": ("plot", "run-1", "--output"),
}
ENDINGS = {"space": ".svg"}


def find_suffix(writer: str) -> str:
    return ENDINGS.get(writer, f".{writer}")


def write(target: Path, content: bytes = b"new", kind=CSV_FILE) -> None:
    with stage_file(target, kind, "--output") as beside:
        assert beside.parent.parent == target.resolve().parent  # so that it can be renamed
        beside.write_bytes(content)


def write_half(target: Path, error: type[BaseException]) -> None:
    with stage_file(target, CSV_FILE, "--output") as beside:
        beside.write_text("half")
        raise error


def test_a_file_is_there_once_it_is_whole(tmp_path):
    """Until then the old one is, and afterwards nothing else; its permissions stay."""
    target = tmp_path / "out.csv"
    target.write_text("old,er\n")
    target.chmod(0o640)
    with stage_file(target, CSV_FILE, "--output") as beside:
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
    with stage_file(tmp_path / "other.csv", CSV_FILE, "--output") as other:
        write(tmp_path / "out.csv")
        assert sorted(tmp_path.iterdir()) == sorted([other.parent, tmp_path / "out.csv"])


@pytest.mark.parametrize("name", KINDS)
def test_only_a_file_of_its_kind_is_replaced(tmp_path, name):
    """Or an empty one."""
    others = [content for other, content in BEGINNINGS.items() if other != name]
    for i, content in enumerate([*others, b"#!/usr/bin/env python\nprint(1, 2)\nprint(3)\n", b"\0\xff\xfe"]):
        target = tmp_path / f"{i}{name}"
        target.write_bytes(content)
        with pytest.raises(
            FileOfAnotherKind, match=f"{target.name} is there already and is no .*another file with --output"
        ):
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


@pytest.mark.parametrize("words", WRITERS.values(), ids=WRITERS)
def test_no_command_replaces_what_is_a_log_s(reader, tmp_path, words):
    """Neither a log, whatever its name, nor what lies beside it under its name, there or not."""
    kept = tmp_path / "archwright.duckdb.artifacts" / "run-1" / "trial-0"
    kept.mkdir(parents=True)
    (kept / "model.safetensors").write_bytes(b"weights")
    endings = (".csv", ".json", ".parquet", ".svg", ".png")
    for name in endings:
        shutil.copy(tmp_path / "archwright.duckdb", tmp_path / f"log{name}")
    (tmp_path / "link.png").symlink_to("archwright.duckdb")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    beside = [f"archwright.duckdb{end}" for end in ("", ".wal", ".undo", ".journal", ".locks/run-1.lock")]
    names = [
        *beside,
        *(f"log{end}" for end in endings),
        "link.png",
        str(kept / "model.safetensors"),
        str(kept / "a.png"),
    ]
    for name in names:
        done = reader(*words, name)
        assert (done.code, done.out) == (2, "")
        assert "error: " in done.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("words", [WRITERS["csv"], WRITERS["png"]], ids=["sql", "plot"])
def test_the_error_names_the_log(reader, tmp_path, words):
    shutil.copy(tmp_path / "archwright.duckdb", tmp_path / "log.png")
    assert "log.png is a log, which nothing else may take the place of" in reader(*words, "log.png").err
    assert reader(*words, "archwright.duckdb.png").code == 0  # no name of a log's
    if words[0] == "sql":
        said = reader(*words, "archwright.duckdb.wal").err
        assert f"belongs to the log {tmp_path / 'archwright.duckdb'}" in said
        with pytest.raises(FileOfALog):
            write(tmp_path / "archwright.duckdb.artifacts" / "run-1" / "out.csv")


@pytest.mark.parametrize("words", [WRITERS["csv"], WRITERS["png"]], ids=["sql", "plot"])
def test_nothing_takes_the_place_of_a_log_that_can_be_made_anew(reader, tmp_path, words):
    """One that was emptied or deleted is still one, as long as its journal lies there."""
    write_journal(tmp_path / "gone.png.journal", [])
    for name in ("gone.png", "gone.png.wal", "gone.png.journal"):
        assert reader(*words, name).code == 2
    (tmp_path / "gone.png").touch()
    assert "gone.png is a log" in reader(*words, "gone.png").err
    assert (tmp_path / "gone.png").stat().st_size == 0


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_typo_keeps_the_last_result(reader, tmp_path, form):
    file = tmp_path / f"out.{form}"
    assert reader("sql", QUERY, "--format", form, "-o", file.name).code == 0
    before, there = file.read_bytes(), sorted(tmp_path.iterdir())
    assert before[:4] in (b"tria", b"[\n\t{", b"PAR1")
    for wrong in ("selec 1", "from trails", "select error('at the end') from trials", ""):
        assert reader("sql", wrong, "--format", form, "-o", file.name).code == 2
        assert file.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == there
    assert reader("sql", QUERY, "--format", form, "-o", file.name).code == 0
    assert file.read_bytes() == before


@pytest.mark.parametrize("writer", WRITERS)
def test_every_command_writes_over_its_own_and_over_nothing_else(reader, tmp_path, writer):
    file = tmp_path / f"out{find_suffix(writer)}"
    for _ in range(2):
        assert reader(*WRITERS[writer], file.name).code == 0
        assert len(file.read_bytes()) > 10
    file.write_bytes(b"\xff\xfe my thesis")
    done = reader(*WRITERS[writer], file.name)
    assert (done.code, done.out) == (2, "")
    assert f"{file.name} is there already and is no " in done.err
    assert file.read_bytes() == b"\xff\xfe my thesis"


@pytest.mark.parametrize("writer", WRITERS)
def test_what_cannot_be_a_file_is_named(reader, tmp_path, writer):
    """Folders, those that are not there, sockets, and links that go round."""
    end = find_suffix(writer)
    (tmp_path / f"folder{end}").mkdir()
    (tmp_path / f"a{end}").symlink_to(f"b{end}")
    (tmp_path / f"b{end}").symlink_to(f"a{end}")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"socket{end}")
        for name, says in {
            f"folder{end}": "is a folder; name a file in it",
            f"no/out{end}": "cannot be written: No such file or directory; name another file",
            f"a{end}": "cannot be written: ",
            f"socket{end}": "is a device or a socket",
            f"{'x' * 300}{end}": "cannot be written: File name too long",
        }.items():
            done = reader(*WRITERS[writer], name)
            assert (done.code, done.out) == (2, "")
            assert says in done.err
            assert "Traceback" not in done.err


def test_streams_are_written_to(reader, tmp_path):
    """A pipe with a name, and devices such as /dev/null: nothing is put in their place."""
    assert reader(*WRITERS["csv"], "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    listener = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    listener.start()
    assert reader(*WRITERS["csv"], str(pipe)).code == 0
    listener.join()
    assert got[0].startswith(b"trial,score\n")
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_device_is_named():
    with (
        pytest.raises(UnwritableFile, match="/dev/full cannot be written: No space left on device"),
        stage_file(Path("/dev/full"), CSV_FILE, "--output") as beside,
    ):
        beside.write_bytes(b"a,b\n")


def test_a_model_is_not_exported_into_what_is_a_log_s(reader, tmp_path):
    for folder in ("archwright.duckdb.artifacts/run-1/trial-0", "archwright.duckdb.locks"):
        done = reader("export", "run-1", "3", folder, "--force", "--untrained")
        assert (done.code, done.out) == (2, "")
        assert f"{folder} belongs to the log {tmp_path / 'archwright.duckdb'}" in done.err
        assert "name another folder" in done.err
    assert not (tmp_path / "archwright.duckdb.artifacts").exists()
