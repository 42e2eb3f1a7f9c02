"""Files of configurations to enqueue."""

import json

import pytest

from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.core.protocols import Problem
from archwright.execution.enqueue_file import BadEnqueueFile, read_enqueue_file
from tests.search.instant import SPACE

PROBLEM = Problem(SPACE, (1, 8, 8), Budget(1, "epochs"), Objective())
ONE = {"0.settings.optimizer": "sgd", "1.repeat.count": 2}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ONE, [ONE]),
        ([ONE, {}], [ONE, {}]),
        (list(map(list, ONE.items())), [ONE]),
        ([list(map(list, ONE.items()))], [ONE]),
        ({"trial": 3, "score": 0.5, "choices": ONE}, [ONE]),
        ([{"trial": 3, "choices": ONE}, ONE], [ONE, ONE]),
        ([], []),
    ],
)
def test_one_configuration_or_several_or_trials(tmp_path, content, expected):
    file = tmp_path / "known.json"
    file.write_text(json.dumps(content))
    assert [dict(choices) for choices in read_enqueue_file(file, PROBLEM)] == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no JSON"),
        ("7", "configuration 1: a configuration is 7"),
        ('[{}, {"0.settings.optimiser": 1}]', r"configuration 2: .* did you mean 0\.settings\.optimizer"),
        ('{"0.settings.optimizer": "x"}', r"configuration 1: 0\.settings\.optimizer is x; .*\{adam, sgd\}"),
        ('{"1.repeat.count": 1, "1.repeat.1.0.conv2d.size": 3}', "configuration 1: .*leave one of them out"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, says):
    file = tmp_path / "known.json"
    file.write_text(text)
    with pytest.raises(BadEnqueueFile, match=rf"known\.json.*{says}"):
        read_enqueue_file(file, PROBLEM)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadEnqueueFile, match="cannot be read: No such file"):
        read_enqueue_file(tmp_path / "none.json", PROBLEM)
