"""Things with settings in words, as in `mcts,exploration=0.1` or `asha,sampler=smbo(initial=5)`.

    words   = name ["," settings] | name "(" [settings] ")"
    setting = key "=" value, and settings are divided by commas
    value   = JSON | name "(" [settings] ")" | plain text

A value with parentheses is a thing with settings of its own, {"name": name, **settings} in JSON. Plain text is whatever
is no JSON; where it would be read as something else, as "1" or "a,b" would, it goes in double quotes, as a name does.
`format_words` is the inverse of `parse_words`.
"""

import json
import re
from collections.abc import Mapping
from typing import NoReturn

from attrs import define

from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError, show
from archwright.core.json import JSON

NAME_KEY = "name"  # of a thing's name among its settings in JSON
_DECIMAL_PATTERN = (
    r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"  # .5 and 5. are numbers to people, though not in JSON
)
_MARKS = ",()"  # end plain text
_MAX_SHOWN_CHARACTERS = 40  # of what cannot be read
_DECODER = json.JSONDecoder()


class BadWords(ArchwrightError, ValueError):
    """A text that is no name with settings; the message has the place."""


def parse_words(text: str) -> tuple[str, dict[str, JSON]]:
    """The name and the settings that `text` names; raises BadWords."""
    reader = _Reader(text)
    name = reader.read_name()
    settings: dict[str, JSON] = {}
    if reader.take("("):
        settings = reader.read_settings(")")
    elif reader.take(","):
        settings = reader.read_settings("")
    reader.expect_end()
    return name, settings


def parse_setting(text: str) -> tuple[str, JSON]:
    """The name and the value of a setting, as in `sampler=smbo(initial=5)`; may have commas. Raises BadWords."""
    reader = _Reader(text)
    key = reader.read_key()
    rest = text[reader.position :]
    if "(" in rest and not rest.lstrip().startswith(("[", "{")):
        value = reader.read_value()
        reader.expect_end()
        return key, value
    value = parse_plain_value(rest)
    reader.refuse_controls(value)
    return key, value


def parse_plain_value(text: str) -> JSON:
    """The JSON value that `text` is, also .5 and 5.; else the text, without blanks around it."""
    try:
        return json.loads(text)
    except ValueError:  # it is no JSON, or a whole number of thousands of digits
        stripped = text.strip()
        return float(stripped) if re.fullmatch(_DECIMAL_PATTERN, stripped) else stripped


def format_words(name: str, settings: Mapping[str, JSON]) -> str:
    """The text that `parse_words` reads as this name and these settings."""
    return ",".join([_format_name(name), *_format_settings(settings)])


def format_setting_value(value: JSON) -> str:
    """The text that is read as this value of a setting."""
    match value:
        case str():
            return value if _is_plain(value) else json.dumps(value)
        case {"name": str(name), **settings}:
            return f"{_format_name(name)}({','.join(_format_settings(settings))})"
        case _:
            return json.dumps(value)


def _format_settings(settings: Mapping[str, JSON]) -> list[str]:
    return [f"{key}={format_setting_value(value)}" for key, value in settings.items()]


def _format_name(name: str) -> str:
    is_plain = name and name == name.strip() and name[0] != '"' and not any(mark in name for mark in _MARKS)
    return name if is_plain and not BREAKS_AND_CONTROLS.search(name) else json.dumps(name)


def _is_plain(text: str) -> bool:
    """Whether plain text is read as itself."""
    if not text or text[0] in '"[{' or any(mark in text for mark in _MARKS) or BREAKS_AND_CONTROLS.search(text):
        return False
    return parse_plain_value(text) == text


@define
class _Reader:
    """Reads a text from its beginning to its end."""

    text: str
    position: int = 0

    def __attrs_post_init__(self) -> None:
        self.refuse_controls(self.text)

    def refuse_controls(self, value: JSON) -> None:
        """BadWords where a text has a control character: it is going to be logged and printed."""
        if isinstance(value, str) and (match := BREAKS_AND_CONTROLS.search(value)):
            raise BadWords(f"{value!r} has the control character {match[0]!r} in it; write it without")

    def take(self, mark: str) -> bool:
        """Whether `mark` comes next; if so, goes on behind it."""
        self._skip_blanks()
        is_next = self.text.startswith(mark, self.position)
        self.position += len(mark) if is_next else 0
        return is_next

    def expect_end(self) -> None:
        self._skip_blanks()
        if self.position < len(self.text):
            self._refuse("nothing more is expected here; quote a text that has commas or parentheses in it")

    def read_name(self) -> str:
        self._skip_blanks()
        start = self.position
        is_quoted = self.text.startswith('"', self.position)
        name = self._read_json() if is_quoted else self._read_plain(_MARKS).strip()
        if not name:
            self.position = start
            self._refuse("a name is expected here, as in mcts,exploration=0.1")
        return name

    def read_settings(self, end: str) -> dict[str, JSON]:
        """The settings up to the mark `end`, or to the end of the text where that is empty."""
        settings: dict[str, JSON] = {}
        if end and self.take(end):
            return settings
        while True:
            start = self.position
            key = self.read_key()
            value = self.read_value()
            if key in settings:
                self.position = start
                self._refuse(f"{key} is given twice, as {settings[key]!r} and as {value!r}; keep one of them")
            settings[key] = value
            if not self.take(","):
                break
        if end and not self.take(end):
            self._refuse(f"{end} is missing here")
        return settings

    def read_key(self) -> str:
        start = self.position
        key = self._read_plain(f"={_MARKS}").strip()
        if not key or not self.text.startswith("=", self.position):
            self.position = start
            self._refuse("a setting is expected here; write name=value, as in exploration=0.1")
        if key == NAME_KEY:
            self.position = start
            self._refuse(f"{NAME_KEY} is no setting; the name comes first, as in mcts,exploration=0.1")
        self.position += 1
        return key

    def read_value(self) -> JSON:
        self._skip_blanks()
        if self.text.startswith(("[", "{"), self.position):
            return self._read_json()
        start = self.position
        is_quoted = self.text.startswith('"', self.position)
        plain = self._read_json() if is_quoted else self._read_plain(_MARKS)
        if not self.take("("):
            return plain if is_quoted else parse_plain_value(plain)
        if not plain.strip():
            self.position = start
            self._refuse("a name is expected before the parenthesis; quote a text that has one in it")
        return {NAME_KEY: plain if is_quoted else plain.strip(), **self.read_settings(")")}

    def _read_json(self) -> JSON:
        try:
            value, self.position = _DECODER.raw_decode(self.text, self.position)
        except ValueError:
            self._refuse("this is no JSON")
        self.refuse_controls(value)
        return value

    def _read_plain(self, marks: str) -> str:
        """The text up to the first of `marks`."""
        match = re.compile(f"[^{re.escape(marks)}]*").match(self.text, self.position)
        assert match is not None
        self.position = match.end()
        return match[0]

    def _skip_blanks(self) -> None:
        while self.text[self.position : self.position + 1].isspace():
            self.position += 1

    def _refuse(self, reason: str) -> NoReturn:
        rest = self.text[self.position :]
        place = f"at character {self.position + 1}, {show(rest, _MAX_SHOWN_CHARACTERS)}" if rest else "at its end"
        raise BadWords(f"{show(self.text, 200)} cannot be read {place}: {reason}")
