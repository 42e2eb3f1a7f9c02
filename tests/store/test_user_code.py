"""What a person names is found, once, and what goes wrong is told in their own terms."""

import inspect
import os
import pickle
import subprocess
import sys

import pytest

from archwright.store.user_code import (
    BadSourceName,
    NoSuchAttribute,
    NoSuchSource,
    SourceFailed,
    is_source,
    load_object,
)


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_an_attribute_of_a_file_or_a_module_is_found(write):
    path = write("class A:\n    b = 3\n")
    assert load_object(f"{path}:A.b") == 3
    assert load_object("math:pi") == pytest.approx(3.14159, abs=1e-5)


def test_a_file_in_a_folder_whose_name_is_not_utf_8_is_found(write, tmp_path, monkeypatch):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    write("x = 3", name=folder / "own.py")
    monkeypatch.chdir(folder)
    assert load_object("own.py:x") == 3


def test_a_file_is_imported_once_until_it_changes(write):
    path = write("x = object()")
    first = load_object(f"{path}:x")
    assert load_object(f"{path}:x") is first
    write("y = object()")  # as long as before and within the same second: a .pyc would be taken for fresh
    with pytest.raises(NoSuchAttribute):
        load_object(f"{path}:x")


def test_classes_of_a_file_can_be_pickled_and_inspected(write):
    cls = load_object(f"{write('class A: pass')}:A")
    assert isinstance(pickle.loads(pickle.dumps(cls())), cls)
    assert inspect.getsource(cls).strip() == "class A: pass"


def test_a_file_may_import_its_neighbours_now_and_later(write):
    write("z = 5", "neighbour_in_a_test.py")
    write("z = 6", "late_neighbour_in_a_test.py")
    path = write(
        "import neighbour_in_a_test as n\ndef late():\n    import late_neighbour_in_a_test as l\n    return l.z\n"
    )
    assert load_object(f"{path}:n.z") == 5
    assert load_object(f"{path}:late")() == 6


def test_an_installed_module_imports_nothing_from_the_current_folder(write, tmp_path, monkeypatch):
    """One that lies there does, as a script."""
    text = "try:\n    import neighbour_of_a_command as n\nexcept ImportError:\n    n = None\n"
    (tmp_path / "installed").mkdir()
    write(text, "installed/installed_for_a_test.py")
    write(text, "module_of_a_test.py")
    write("", "neighbour_of_a_command.py")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    monkeypatch.chdir(tmp_path)
    assert load_object("installed_for_a_test:n") is None
    assert load_object("module_of_a_test:n") is not None


@pytest.mark.parametrize("source", ["mine.py", "mine", ":x", "mine.py:", ""])
def test_what_is_no_name_of_an_object_is_refused(source):
    assert not is_source(source)
    with pytest.raises(BadSourceName, match=r"write file\.py:attribute or module:attribute"):
        load_object(source)


def test_missing_files_modules_and_attributes_come_with_the_nearest_names(write):
    path = write("score = 1")
    with pytest.raises(NoSuchSource, match=r"did you mean mine\.py\?"):
        load_object(f"{path.with_name('mien.py')}:score")
    with pytest.raises(NoSuchSource, match=r"there is no file /nowhere/at/all\.py"):
        load_object("/nowhere/at/all.py:score")
    path.with_name("folder.py").mkdir()
    with pytest.raises(NoSuchSource, match=r"folder\.py is a folder; name a file of Python code$"):
        load_object(f"{path.with_name('folder.py')}:score")
    with pytest.raises(NoSuchSource, match=r"paths, those in a log too, begin in the current folder$"):
        load_object("nowhere/at/all.py:x")
    with pytest.raises(NoSuchAttribute, match=r"has no 'scores'; did you mean score\?"):
        load_object(f"{path}:scores")
    with pytest.raises(NoSuchSource, match="there is no module 'no_such_module'"):
        load_object("no_such_module.inside:x")


def test_an_exception_in_a_file_is_told_with_its_traceback_cut_at_our_border(write):
    path = write("def f():\n    raise KeyError('oh')\nf()\n")
    with pytest.raises(SourceFailed) as caught:
        load_object(f"{path}:x")
    told = str(caught.value)
    assert f'File "{path}", line 3' in told
    assert told.endswith("KeyError: 'oh'")
    assert "loading.py" not in told
    assert "importlib" not in told


@pytest.mark.parametrize(
    ("text", "last"), [("def f(:\n", "SyntaxError: "), ("import sys; sys.exit(3)", "SystemExit: 3")]
)
def test_a_file_that_is_no_python_or_leaves_is_told_too(write, text, last):
    with pytest.raises(SourceFailed, match=last):
        load_object(f"{write(text)}:x")


def test_a_missing_import_of_a_file_is_its_own_failure(write):
    with pytest.raises(SourceFailed, match="No module named 'not_installed'"):
        load_object(f"{write('import not_installed')}:x")


def test_our_own_error_in_a_file_is_told_with_the_line_that_caused_it_and_none_of_ours(write):
    path = write("import archwright as aw\nspace = aw.affine(units='many')\n")
    with pytest.raises(SourceFailed) as caught:
        load_object(f"{path}:space")
    assert "line 2" in str(caught.value)
    assert "term.py" not in str(caught.value)


def test_a_file_that_failed_is_tried_again(write):
    path = write(
        "import sys\nif not hasattr(sys, 'tried_in_a_test'):\n    sys.tried_in_a_test = 1\n    raise ValueError\nx = 1"
    )
    with pytest.raises(SourceFailed):
        load_object(f"{path}:x")
    assert load_object(f"{path}:x") == 1


FORKS = """
import os
child = os.fork()
if not child:
    {}
ended = child and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


@pytest.mark.parametrize(("then", "code"), [("pass", 0), ("raise ValueError", 1), ("raise SystemExit(3)", 3)])
def test_a_child_that_is_forked_at_import_ends_with_it(write, then, code):
    """It would else go on as a second command, or take a worker's jobs."""
    source = f"{write(FORKS.format(then))}:ended"
    loads = f"from archwright.store.user_code import load_object\nprint(load_object({source!r}))"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert done.stdout == f"{code}\n"
