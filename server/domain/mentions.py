"""Who a text mentions: ``@username``, and ``@all`` for everyone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from server.domain.users import Profile, username_key

MAX_MENTIONS = 50
"""Names behind more @ than these are text like any other."""

_EVERYONE = ("all", "所有人")
_LONGEST_NAME = 32
# What stands before an @ in an e-mail address does not stand before a mention; Chinese text needs no space there.
_AT = re.compile(r"(?<![A-Za-z0-9_.+\-])@([\w.\-]{1,64})")
_LATIN = re.compile(r"[^\W_]|_", re.ASCII)


class Mentions(NamedTuple):
    """The members a text mentions, in its order, and whether it mentions everyone."""

    user_ids: tuple[str, ...] = ()
    everyone: bool = False


def possible_names(text: str) -> set[str]:
    """Return every username (as its `username_key`) that the text could mention; few of them are anybody's."""
    return {name for run in _runs(text) for name in _names_at(run)}


def find_mentions(text: str, members: Iterable[Profile], may_mention_all: bool = False) -> Mentions:
    """Return which of the members the text mentions, regardless of case.

    Of several names that fit the longest counts. A name ends where a letter or digit of its own script does not follow:
    ``@alice2`` is not alice; behind CJK characters, which are written without spaces, it ends anywhere.
    """
    ids = {username_key(member.username): member.id for member in members if member.username}
    names = ids.keys() | _EVERYONE if may_mention_all else ids.keys()
    named = [next((name for name in _names_at(run) if name in names), None) for run in _runs(text)]
    found = dict.fromkeys(ids[name] for name in named if name in ids)
    everyone = any(name is not None and name not in ids for name in named)
    return Mentions(tuple(found), everyone)


def _runs(text: str) -> Iterator[str]:
    """Yield what stands behind each @, as far as it could belong to a name."""
    return (match[1] for match in islice(_AT.finditer(text), MAX_MENTIONS))


def _names_at(run: str) -> Iterator[str]:
    """Yield the names with which a run can begin, the longest first."""
    for length in range(min(len(run), _LONGEST_NAME), 0, -1):
        if not _goes_on(run[length - 1], run[length:]):
            yield username_key(run[:length])


def _goes_on(last: str, rest: str) -> bool:
    """Tell whether what follows belongs to the name: ``@alice.b`` is not alice, "@alice." at an end is."""
    if not _LATIN.match(last):
        return False
    return _LATIN.match(rest.lstrip(".-")) is not None
