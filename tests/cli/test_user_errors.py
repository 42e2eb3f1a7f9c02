"""A person's own code cannot end a command without a word, whatever it calls and wherever it is called."""

import os
import subprocess
import sys

import pytest

from archwright.cli.user_errors import UserCodeExited, forbid_exit

AT_IMPORT = "import os, sys\n{0}\n"
IN_THE_SPACE = "import os, sys\ndef space(input_shape, classes):\n    {0}\n"
IN_A_KIND = """
import os, sys
import archwright as aw

@aw.module
class Odd{1}(aw.Basic):
    def out_shape(self, in_shape):
        {0}

space = aw.sequential(Odd{1}(), aw.affine(units=[8, 16]), aw.affine(units=10))
"""


CALLS = ["os._exit(0)", "sys.exit(0)", "raise SystemExit", "from os import _exit; _exit(3)"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", [AT_IMPORT, IN_THE_SPACE, IN_A_KIND], ids=["import", "space", "kind"])
def test_own_code_that_leaves_is_told_of(code, call, tmp_path, cli):
    file = tmp_path / "own.py"
    file.write_text(code.format(call, CALLS.index(call)))  # a kind of one name is defined once in a process
    done = cli("space", f"{file}:space", "--sample", "1")
    assert done.code == 2
    assert "own.py" in done.err
    assert ("called os._exit(" if "_exit(" in call else "SystemExit") in done.err


def test_a_child_that_own_code_forks_ends_as_it_wants_to(tmp_path, cli):
    """And who has kept the name may use it afterwards."""
    file = tmp_path / "own.py"
    file.write_text(
        "import os\nimport archwright as aw\n"
        "child = os.fork()\nif child == 0:\n    os._exit(7)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7\nspace = aw.affine(units=[8, 16])\n"
    )
    assert cli("space", f"{file}:space", "--count").code == 0


def test_a_child_that_a_space_of_ones_own_forks_does_not_go_on_as_a_second_command(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(
        "import os\nimport archwright as aw\n"
        "def space(input_shape, classes):\n"
        "    if child := os.fork():\n        os.waitpid(child, 0)\n    return aw.affine(units=[8, 16])\n"
    )
    command = [sys.executable, "-m", "archwright", "space", f"{file}:space", "--count"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_the_name_is_the_old_one_afterwards():
    before = os._exit
    with pytest.raises(UserCodeExited, match=r"test_user_errors\.py, line \d+, called os\._exit\(4\)"), forbid_exit():
        os._exit(4)
    assert os._exit is before


def test_who_has_kept_the_name_leaves_by_it_later():
    within = "import os\nfrom archwright.cli.user_errors import forbid_exit\nwith forbid_exit(): kept = os._exit\n"
    assert subprocess.run([sys.executable, "-c", f"{within}kept(5)"], check=False).returncode == 5
