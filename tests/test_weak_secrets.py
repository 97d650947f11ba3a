from __future__ import annotations

import secrets

import pytest

from server.weak_secrets import weakness
from tests.test_settings import PRODUCTION, problems, read


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("s" * 32, "1 different characters"),
        ("ab" * 32, "2 different characters"),
        ("changeme" * 4, "7 different characters"),
        ("0123456789abcdef" * 2, "it repeats itself"),
        ("correct horse battery staple " * 2, "it repeats itself"),
        ("CHANGEME-0123-4567-89AB-CDEF-xyz!", "words of defaults"),
        ("your-256-bit-secret-goes-in-here!", "words of defaults"),
        ("$(openssl rand -base64 48)        ", "words of defaults"),
        ("My-Password-is-longer-than-yours1", "words of defaults"),
    ],
)
def test_what_others_may_guess_is_refused_in_production(secret: str, reason: str) -> None:
    assert reason in weakness(secret)
    (sentence,) = problems(**(PRODUCTION | {"JWT_SECRET": secret}))
    assert sentence.startswith("jwt_secret: production needs one that nobody can guess")
    assert secret not in sentence
    assert read(JWT_SECRET=secret).jwt_secret == secret  # development does not mind


def test_random_secrets_of_every_usual_kind_are_good() -> None:
    for _ in range(200):
        assert weakness(secrets.token_urlsafe(48)) == ""
        assert weakness(secrets.token_hex(32)) == ""
        assert weakness(secrets.token_hex(16)) == ""


def test_key_files_do_in_place_of_a_secret() -> None:
    without = {name: value for name, value in PRODUCTION.items() if name != "JWT_SECRET"}
    assert read(**without, JWT_KEY_FILES="a.pem, b.pem").jwt_key_files == ("a.pem", "b.pem")
    assert problems(**without)[0].startswith("jwt_secret: production needs one of at least 32 bytes")
