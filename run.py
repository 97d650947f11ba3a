"""Start the server: read the settings, then serve until SIGTERM or SIGINT; or do one of the things beside it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from server.logs import set_up_logging
from server.settings_help import check_report, help_text
from server.settings_sources import SettingsError, read_settings

CREATE_OPERATOR = "--create_operator"
IMPORT_BARS = "--import_bars"
WHAT_IS_MISSING = {
    CREATE_OPERATOR: "a name is missing; give the account's username",
    IMPORT_BARS: "a file is missing; give the path of a CSV file",
}


def main(arguments: list[str]) -> int:
    """Return the exit code: 0, 1 when not all could be done, or 2 when the settings or the start are at fault."""
    if "--help" in arguments or "-h" in arguments:
        print(help_text())
        return 0
    check_only = "--check" in arguments
    try:
        operator, rest = take(CREATE_OPERATOR, [one for one in arguments if one != "--check"])
        bars, rest = take(IMPORT_BARS, rest)
        settings, sources = read_settings(rest, os.environ)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
    if check_only:
        print(check_report(settings, sources))
        return 0
    set_up_logging(settings.log_level, log_format=settings.log_format)
    if operator is not None:
        from server.operators import create_operator

        return create_operator(settings, operator)
    if bars is not None:
        from server.importing import import_bars

        return import_bars(settings, Path(bars))
    from server.app import run

    return run(settings)


def take(wanted: str, arguments: list[str]) -> tuple[str | None, list[str]]:
    """Return what the option ``wanted`` gives, if it is there, and the other arguments.

    Raises SettingsError when it gives nothing.
    """
    for position, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option != wanted:
            continue
        end = position + 1
        if not equals and end < len(arguments) and not arguments[end].startswith("--"):
            value, end = arguments[end], end + 1
        if not value:
            raise SettingsError([f"{wanted}: {WHAT_IS_MISSING[wanted]}"])
        return value, arguments[:position] + arguments[end:]
    return None, arguments


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
