from __future__ import annotations

import pytest

from server.domain.mentions import MAX_MENTIONS, Mentions, find_mentions, possible_names
from server.domain.users import Profile, username_key

NAMES = ("alice", "Alice2", "bob.b", "bob", "张三丰", "张三丰大侠", "李-四", "所有", "x_y")
MEMBERS = [Profile(f"id of {name}", name, name) for name in NAMES]


def mentioned(text: str) -> list[str]:
    return [user_id.removeprefix("id of ") for user_id in find_mentions(text, MEMBERS).user_ids]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@alice", ["alice"]),
        ("hi @ALICE!", ["alice"]),
        ("@alice, @bob: look", ["alice", "bob"]),
        ("@alice.", ["alice"]),
        ("@alice...", ["alice"]),
        ("@alice2 and @alice", ["Alice2", "alice"]),
        ("@alice3", []),
        ("@alice_", []),
        ("@alice.b", []),
        ("@bob.b @bob.", ["bob.b", "bob"]),
        ("@alice你好", ["alice"]),
        ("你好@张三丰", ["张三丰"]),
        ("你好@张三丰大侠你好", ["张三丰大侠"]),
        ("@张三丰你好", ["张三丰"]),
        ("@张三", []),
        ("@李-四,", ["李-四"]),
        ("@x_y", ["x_y"]),
        ("(@alice)", ["alice"]),
        ("@@alice", ["alice"]),
        ("@alice@bob", ["alice"]),
        ("@bob @alice @bob", ["bob", "alice"]),
        ("me@alice.com", []),
        ("me.too@alice", []),
        ("me+tag@bob", []),
        ("@", []),
        ("@ alice", []),
        ("alice", []),
        ("@nobody", []),
        ("@all @所有人", ["所有"]),
    ],
)
def test_who_is_mentioned(text: str, names: list[str]) -> None:
    assert mentioned(text) == names
    possible = [member for member in MEMBERS if username_key(member.username) in possible_names(text)]
    assert find_mentions(text, possible) == find_mentions(text, MEMBERS)


def test_the_names_a_text_could_mean() -> None:
    assert possible_names("me@x.y @ @Bob, @alice_b @carol你好") == {"bob", "alice_b", "carol", "carol你", "carol你好"}


@pytest.mark.parametrize("text", ["@all", "hello @ALL!", "@所有人", "大家@所有人看", "@all @alice"])
def test_everyone_is_mentioned_by_those_who_may(text: str) -> None:
    assert find_mentions(text, MEMBERS, may_mention_all=True).everyone
    assert not find_mentions(text, MEMBERS).everyone


@pytest.mark.parametrize("text", ["@allen", "all@all", "@alice", "all"])
def test_everyone_is_not_mentioned_by_accident(text: str) -> None:
    assert not find_mentions(text, MEMBERS, may_mention_all=True).everyone


def test_the_first_fifty_count() -> None:
    members = [Profile(str(n), f"user{n}", "") for n in range(60)]
    found = find_mentions(" ".join(f"@user{n}" for n in range(60)), members)
    assert found == Mentions(tuple(str(n) for n in range(MAX_MENTIONS)))


def test_an_account_that_is_gone_is_nobody() -> None:
    assert find_mentions("@ @.", [Profile("1", "", "")]) == Mentions()


def test_names_behind_very_many_signs_are_text() -> None:
    assert mentioned("@no " * (MAX_MENTIONS - 1) + "@bob") == ["bob"]
    assert mentioned("@no " * MAX_MENTIONS + "@bob") == []
