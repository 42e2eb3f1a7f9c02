"""Files that commands write: whole or not at all, and in the place of nothing else."""

import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from archwright.display.output_file import CSV_FILE, stage_file
from archwright.store.journal import write_journal
from archwright.store.own_files import FileOfALog

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
        inside = tmp_path / "archwright.duckdb.artifacts" / "run-1" / "out.csv"
        with pytest.raises(FileOfALog), stage_file(inside, CSV_FILE):
            pass


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


def test_a_model_is_not_exported_into_what_is_a_log_s(reader, tmp_path):
    for folder in ("archwright.duckdb.artifacts/run-1/trial-0", "archwright.duckdb.locks"):
        done = reader("export", "run-1", "3", folder, "--force", "--untrained")
        assert (done.code, done.out) == (2, "")
        assert f"{folder} belongs to the log {tmp_path / 'archwright.duckdb'}" in done.err
        assert "name another folder" in done.err
    assert not (tmp_path / "archwright.duckdb.artifacts").exists()
