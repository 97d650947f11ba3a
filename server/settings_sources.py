"""Where settings come from: the settings file, then the environment, then the command line; the last one wins."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.errors import StartError
from server.settings import NO, SWITCH, YES, Definition, Settings, broken_rules, definitions, without_credentials

DEFINITIONS = {definition.name: definition for definition in definitions()}
DEFAULT_SOURCE = "default"


class SettingsError(StartError):
    """Settings that cannot be used: one sentence for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Given:
    """A value as somebody gave it; ``source`` is where, as a person would look for it."""

    name: str
    text: str
    source: str


def read_settings(arguments: Sequence[str], variables: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """Return the settings, and for each the place its value came from.

    Raises:
        SettingsError: with every problem of every source.
    """
    problems: list[str] = []
    options = list(_from_command_line(arguments, problems))
    environment = list(_from_environment(variables))
    file = list(_from_file(environment + options, problems))
    settings, sources = _resolve([*file, *environment, *options], problems)
    problems.extend(broken_rules(settings))
    if problems:
        raise SettingsError(problems)
    return settings, sources


def _from_command_line(arguments: Sequence[str], problems: list[str]) -> Iterator[Given]:
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, text = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or not name:
            problems.append(f"{argument!r}: not an option; options look like --name=value")
            continue
        definition = DEFINITIONS.get(name)
        if definition is None:
            problems.append(f"--{name}: no such option{_suggestion(name, prefix='--')}")
            if not equals and rest and not rest[0].startswith("--"):
                rest.pop(0)
            continue
        if not equals:
            follows = bool(rest) and not rest[0].startswith("--")
            if definition.kind is SWITCH:
                text = rest.pop(0) if follows and rest[0].lower() in YES | NO else "on"
            elif follows:
                text = rest.pop(0)
            else:
                problems.append(f"--{name}: a value is missing; allowed is {definition.kind.allowed}")
                continue
        if definition.secret or without_credentials(text) != text:
            problems.append(
                f"--{name}: a secret is refused on the command line, where every user of the machine can read it; "
                f"set the variable {name.upper()} or put it into the settings file"
            )
            continue
        yield Given(name, text, f"--{name}")


def _from_environment(variables: Mapping[str, str]) -> Iterator[Given]:
    """An empty variable counts as unset."""
    for name in DEFINITIONS:
        if text := variables.get(name.upper()):
            yield Given(name, text, f"variable {name.upper()}")


def _from_file(others: Sequence[Given], problems: list[str]) -> Iterator[Given]:
    """Read the file that the other sources name, else that of their environment, which need not exist."""
    chosen = {given.name: given.text for given in others}
    path = Path(chosen.get("config") or f"conf/{chosen.get('environment', Settings.environment)}.conf")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        if chosen.get("config"):
            problems.append(f"config: there is no file {path}")
        return
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        problems.append(f"config: {path} cannot be read: {reason}")
        return
    seen: dict[str, int] = {}
    for position, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, text = (part.strip() for part in line.partition("="))
        if not equals:
            problems.append(f"{path}:{position}: not a setting; settings look like name = value")
        elif name not in DEFINITIONS or name == "config":
            problems.append(f"{path}:{position}: {name}: no such setting{_suggestion(name)}")
        elif name in seen:
            problems.append(f"{path}:{position}: {name}: given before, in line {seen[name]}")
        else:
            seen[name] = position
            yield Given(name, text, f"{path}:{position}")


def _suggestion(name: str, prefix: str = "") -> str:
    near = difflib.get_close_matches(name.lower().replace("-", "_"), DEFINITIONS, n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else "; see --help"


def _resolve(everything: Sequence[Given], problems: list[str]) -> tuple[Settings, dict[str, str]]:
    """Read every text; a later value of the same name wins."""
    values: dict[str, Any] = {}
    sources = dict.fromkeys(DEFINITIONS, DEFAULT_SOURCE)
    for given in everything:
        definition = DEFINITIONS[given.name]
        try:
            given.text.encode()
            values[given.name] = definition.kind.parse(given.text)
        except ValueError:
            problems.append(_misfit(definition, given))
        sources[given.name] = given.source
    if values.get("environment") == "production":
        values = {name: definition.production for name, definition in DEFINITIONS.items()} | values
    return Settings(**values), sources


def _misfit(definition: Definition, given: Given) -> str:
    where = given.source if given.source == f"--{given.name}" else f"{given.source}: {given.name}"
    try:
        length = len(given.text.encode())
    except UnicodeError:
        return f"{where}: the value is not UTF-8 text"
    size = "1 byte" if length == 1 else f"{length} bytes"
    got = size if definition.secret else repr(definition.shown(given.text))
    unit = f" (in {definition.unit})" if definition.unit else ""
    return f"{where}: {got} is not allowed; allowed is {definition.kind.allowed}{unit}"
