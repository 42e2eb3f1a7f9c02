"""Things with settings in words: what is written is read again, and what cannot be read is said with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.words import BadWords, format_words, parse_setting, parse_words

keys = st.text("abcdefgh_", min_size=1, max_size=5)
texts = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(' ,()[]{}"=\\.:1e'), max_size=8)
names = texts.filter(bool) | st.sampled_from(["mcts", "my.py:Mine", "a b/c, d (e).py:F", "1", "true"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
        | st.builds(lambda name, settings: {"name": name, **settings}, names, st.dictionaries(keys, inner, max_size=3))
    ),
    max_leaves=8,
)


@given(names, st.dictionaries(keys, values, max_size=4))
def test_what_is_written_is_read_again(name, settings):
    name = name.strip() or "x"
    assert parse_words(format_words(name, settings)) == (name, settings)


@given(keys, values)
def test_one_setting_is_read_again(key, value):
    _, settings = parse_words(format_words("x", {key: value}))
    assert parse_setting(format_words("x", {key: value})[2:]) == (key, value) == (key, settings[key])


@given(st.text(max_size=12) | st.text(',()[]{}"=ab1', max_size=12))
def test_any_text_is_read_or_refused(text):
    try:
        name, settings = parse_words(text)
    except BadWords:
        return
    assert parse_words(format_words(name, settings)) == (name, settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mcts", ("mcts", {})),
        ("mcts,exploration=0.1", ("mcts", {"exploration": 0.1})),
        ("mcts(exploration=.5)", ("mcts", {"exploration": 0.5})),
        ("asha,sampler=smbo(initial=5),eta=3", ("asha", {"sampler": {"name": "smbo", "initial": 5}, "eta": 3})),
        ("asha, sampler = hyper(of=smbo()) ", ("asha", {"sampler": {"name": "hyper", "of": {"name": "smbo"}}})),
        ("asha,sampler=smbo", ("asha", {"sampler": "smbo"})),
        ("x,parts=[1,2],text=a b,none=null", ("x", {"parts": [1, 2], "text": "a b", "none": None})),
        ('x,text="a,b(c)",more=""', ("x", {"text": "a,b(c)", "more": ""})),
        ("my.py:Mine,size=2", ("my.py:Mine", {"size": 2})),
        ('"a (b), c/my.py:Mine",size=2', ("a (b), c/my.py:Mine", {"size": 2})),
    ],
)
def test_words_by_hand(text, expected):
    assert parse_words(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mcts,exploration", r"at character 6, 'exploration': a setting is expected here; write name=value"),
        ("mcts,", r"at its end: a setting is expected here"),
        ("", r"at its end: a name is expected here"),
        ("asha,sampler=smbo(initial=5", r"at its end: \) is missing here"),
        ("asha,sampler=smbo(initial)", r"at character 19, 'initial\)': a setting is expected"),
        ("asha,sampler=smbo(initial=5),initial=[1", r"at character 38, '\[1': this is no JSON"),
        ("mcts,a=1,b=2,a=3", r"at character 14, 'a=3': a is given twice, as 1 and as 3; keep one of them"),
        ("mcts,a=1)", r"at character 9, '\)': nothing more is expected here"),
        ("mcts(a=1),b=2", r"at character 10, ',b=2': nothing more is expected here"),
        ("mcts,name=x", r"at character 6, 'name=x': name is no setting"),
        ("mcts,a=\x1b", r"has the control character '\\x1b' in it"),
        ('mcts,a="\\u001b"', r"has the control character '\\x1b' in it"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text, says):
    with pytest.raises(BadWords, match=says):
        parse_words(text)


def test_a_single_setting_may_have_commas_in_plain_text():
    assert parse_setting("note=a, b") == ("note", "a, b")
    assert parse_setting("sampler=smbo(initial=5)") == ("sampler", {"name": "smbo", "initial": 5})
    assert parse_setting("parts=[1, 2]") == ("parts", [1, 2])
