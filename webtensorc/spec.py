"""The options grammar: `name{key=value,...}` to a frozen dataclass and back.

    spec   = name [ "{" option { "," option } "}" ]
    option = key "=" value                       key and name in kebab-case
    value  = "true" | "false" | number | word | JSON string | "[" [ value { "," value } ] "]"

Fields are options: a dataclass field `max_rank: int = 8` is the option `max-rank=4`. Printing leaves out options that
have their default, so equal instances print equally.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from webtensorc.errors import UsageError

Value = bool | int | float | str | tuple["Value", ...]
T = TypeVar("T")

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z0-9_.+\-/:]+)|(?P<mark>[{}\[\],=]))')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.+\-/:]*")
_NUMBER = re.compile(r"[+-]?(\d+(?P<fraction>\.\d*)?|\.\d+)(?P<exponent>[eE][+-]?\d+)?")
_NOT_FINITE = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}


@dataclass(frozen=True)
class Spec:
    """A parsed specification: a name and its options in the order written."""

    name: str
    options: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        if not self.options:
            return self.name
        return self.name + "{" + ",".join(f"{key}={_print(value)}" for key, value in self.options) + "}"

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Read one specification.

        Raises:
            UsageError: the text does not follow the grammar, or an option is given twice.
        """
        return _Parser(text).spec()

    def build(self, cls: type[T]) -> T:
        """Make an instance of the dataclass `cls` from the options.

        Raises:
            UsageError: an option that `cls` has no field for, or a value of the wrong type.
        """
        hints = typing.get_type_hints(cls) if self.options else {}  # which takes half a millisecond
        fields = {_kebab(f.name): f.name for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
        arguments: dict[str, Any] = {}
        for key, value in self.options:
            if key not in fields:
                raise UsageError(
                    f"`{self.name}` has no option `{key}`",
                    notes=(f"its options are: {', '.join(fields) or 'none'}",),
                    hint=did_you_mean(key, fields),
                )
            arguments[fields[key]] = _coerce(value, hints[fields[key]], f"option `{key}` of `{self.name}`")
        return cls(**arguments)

    @classmethod
    def of(cls, name: str, instance: Any) -> Spec:
        """The specification that `build` turns into an equal instance."""
        options = tuple(
            (_kebab(field.name), _plain(value))
            for field in dataclasses.fields(instance)
            if field.init and (value := getattr(instance, field.name)) != field.default
        )
        return cls(name, options)


def did_you_mean(word: str, known: typing.Iterable[str]) -> str | None:
    """A hint that names the closest known words, in whatever case they are written; None when nothing is close."""
    folded = {each.lower(): each for each in known}
    close = [folded[each] for each in difflib.get_close_matches(word.lower(), list(folded), n=3, cutoff=0.6)]
    return f"did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else None


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _plain(value: Any) -> Value:
    return tuple(_plain(item) for item in value) if isinstance(value, (list, tuple)) else value


def _print(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ",".join(map(_print, value)) + "]"
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) and _scalar(value) == value else json.dumps(value)
    return repr(value)


def _scalar(word: str) -> Value:
    """The value of an unquoted word."""
    if word in ("true", "false"):
        return word == "true"
    if word in _NOT_FINITE:
        return _NOT_FINITE[word]
    number = _NUMBER.fullmatch(word)
    if not number:
        return word
    is_integer = number["fraction"] is None and number["exponent"] is None and "." not in word
    return int(word) if is_integer else float(word)


def _coerce(value: Value, hint: Any, what: str) -> Any:
    """Check `value` against a field's type; integers serve as floats and None stands for no value."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [h for h in typing.get_args(hint) if h is not type(None)]
        return _coerce(value, inner[0], what)
    if origin is tuple:
        items = value if isinstance(value, tuple) else (value,)
        return tuple(_coerce(item, typing.get_args(hint)[0], what) for item in items)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise UsageError(f"{what} wants {_describe(hint)}, not `{_print(value)}`")
    return value


def _describe(hint: Any) -> str:
    known = {bool: "true or false", int: "an integer", float: "a number", str: "a word or a quoted string"}
    return known.get(hint, str(hint))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.token = next(self.tokens)

    def _tokens(self) -> Iterator[str]:
        at = 0
        while self.text[at:].strip():
            match = _TOKEN.match(self.text, at)
            if not match:
                raise self._error(f"unexpected `{self.text[at:].strip()[0]}`")
            at = match.end()
            yield match[0].strip()
        while True:
            yield ""

    def _error(self, problem: str) -> UsageError:
        return UsageError(f"cannot read `{self.text}`: {problem}", hint="write name{key=value,key=[1,2]}")

    def _take(self) -> str:
        token, self.token = self.token, next(self.tokens)
        return token

    def _expect(self, mark: str) -> None:
        if self._take() != mark:
            raise self._error(f"`{mark}` is missing")

    def _word(self, what: str) -> str:
        word = self._take()
        if not _WORD.fullmatch(word):
            raise self._error(f"{what} expected" + (f" instead of `{word}`" if word else ""))
        return word

    def spec(self) -> Spec:
        name = self._word("a name")
        options: dict[str, Value] = {}
        if self.token == "{":
            self._take()
            while self.token != "}":
                key = self._word("an option")
                self._expect("=")
                if key in options:
                    raise self._error(f"`{key}` is given twice")
                options[key] = self._value()
                if self.token != "}":
                    self._expect(",")
            self._take()
        if self.token:
            raise self._error(f"`{self.token}` after the end")
        return Spec(name, tuple(options.items()))

    def _value(self) -> Value:
        token = self._take()
        if token == "[":
            items: list[Value] = []
            while self.token != "]":
                items.append(self._value())
                if self.token != "]":
                    self._expect(",")
            self._take()
            return tuple(items)
        if token.startswith('"'):
            try:
                return str(json.loads(token))
            except ValueError:
                raise self._error(f"{token} is not a JSON string") from None
        if not token or token in "{}[],=":
            raise self._error("a value is missing")
        return _scalar(token)
