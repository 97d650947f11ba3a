"""Start the server: read the settings, then serve until SIGTERM or SIGINT."""

from __future__ import annotations

import os
import sys

from server.logs import set_up_logging
from server.settings_help import check_report, help_text
from server.settings_sources import SettingsError, read_settings


def main(arguments: list[str]) -> int:
    """Return the exit code: 0, or 2 when the settings or the start are at fault."""
    if "--help" in arguments or "-h" in arguments:
        print(help_text())
        return 0
    check_only = "--check" in arguments
    try:
        settings, sources = read_settings([one for one in arguments if one != "--check"], os.environ)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
    if check_only:
        print(check_report(settings, sources))
        return 0
    set_up_logging(settings.log_level)
    from server.app import run

    return run(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
