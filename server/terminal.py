"""Lines for the person at the terminal, who need not be there any more."""

from __future__ import annotations

import os
import sys


def say(line: str) -> None:
    """Print a line; from the moment that nobody reads any more, into the void."""
    try:
        print(line, flush=True)  # noqa: T201
    except OSError:
        # What is still buffered would be told as an error at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
