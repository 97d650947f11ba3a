"""Bytes that are almost right."""

from __future__ import annotations

import random
from collections.abc import Sequence


def mutate(chance: random.Random, data: bytes, donors: Sequence[bytes]) -> bytes:
    """Spoil ``data`` a little, or not at all; one of ``donors`` may end up inside."""
    spoiled = bytearray(data)
    for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
        position = chance.randrange(len(spoiled) + 1)
        match chance.randrange(5):
            case 0 if position < len(spoiled):
                spoiled[position] ^= 1 << chance.randrange(8)
            case 1:
                del spoiled[position : position + chance.randrange(1, 4)]
            case 2:
                spoiled[position:position] = chance.randbytes(chance.randrange(1, 4))
            case 3:
                spoiled[position:position] = chance.choice(donors)
            case _:
                del spoiled[position:]
    return bytes(spoiled)
