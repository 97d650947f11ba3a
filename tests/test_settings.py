"""Settings: three sources, one order, every problem at once, and no secret shown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from server.settings import Settings, definitions, without_credentials
from server.settings_help import document, help_text
from server.settings_sources import SettingsError, read_settings

ROOT = Path(__file__).resolve().parent.parent
ASSEMBLY = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "server" / "assembly").glob("*.py"))
READERS = ("server/app.py", *ASSEMBLY, "run.py", "server/settings_sources.py")
SECRET = "Vq3fT0xW9kLr5ZbN2hJc8YdM1uGs7EaP"
PRODUCTION = {"ENVIRONMENT": "production", "JWT_SECRET": SECRET, "MONGODB_URI": "mongodb://db.example:27017"}


@pytest.fixture(autouse=True)
def _empty_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*arguments: str, **variables: str) -> Settings:
    return read_settings(arguments, variables)[0]


def problems(*arguments: str, **variables: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(*arguments, **variables)
    return caught.value.problems


def write_file(text: str, name: str = "conf/development.conf") -> Path:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_nothing_given_is_the_default() -> None:
    assert read() == Settings()
    assert read().demo_accounts
    assert read().price_push_interval == 3


def test_a_later_source_wins() -> None:
    write_file("# a comment\n\nport = 1\naddress = file.example\nlog_level = debug\n")
    settings, sources = read_settings(["--port=3"], {"PORT": "2", "ADDRESS": "variable.example"})
    assert (settings.port, settings.address, settings.log_level) == (3, "variable.example", "debug")
    assert sources["port"] == "--port"
    assert sources["address"] == "variable ADDRESS"
    assert sources["log_level"] == "conf/development.conf:5"
    assert sources["mongod"] == "default"


def test_the_settings_file_can_be_chosen() -> None:
    write_file("port = 1\n")
    write_file("port = 5\n", "conf/other.conf")
    assert read("--config=conf/other.conf").port == 5
    assert read(CONFIG="conf/other.conf").port == 5
    assert problems("--config=conf/none.conf") == ("config: there is no file conf/none.conf",)


def test_production_has_its_own_file_and_defaults() -> None:
    write_file("port = 1\n")
    write_file("port = 2\n", "conf/production.conf")
    settings = read(**PRODUCTION)
    assert settings.port == 2
    assert not settings.demo_accounts
    assert settings.socketio_cors_origins == ()
    assert settings.price_push_interval == 60


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--demo_accounts"], True),
        (["--demo_accounts", "--port=1"], True),
        (["--demo_accounts", "off"], False),
        (["--demo_accounts=No"], False),
        (["--demo_accounts=0"], False),
        (["--demo_accounts=TRUE"], True),
    ],
)
def test_switches(arguments: list[str], expected: bool) -> None:
    assert read(*arguments, DEMO_ACCOUNTS="yes" if not expected else "no").demo_accounts is expected


def test_a_value_may_stand_apart_from_its_option() -> None:
    settings = read("--port", "0", "--socketio_cors_origins", "https://a.example, https://b.example:8443")
    assert settings.port == 0
    assert settings.socketio_cors_origins == ("https://a.example", "https://b.example:8443")


def test_an_empty_variable_is_unset_and_an_empty_list_is_empty() -> None:
    assert read(MONGODB_URI="", PORT="").port == 8000
    assert read("--socketio_cors_origins=").socketio_cors_origins == ()


def test_every_problem_is_reported_at_once() -> None:
    write_file("port = 70000\nnonsense\nprot = 1\nlog_level = info\nlog_level = debug\nconfig = x\n")
    found = problems(
        "--prot=1", "--ping-interval", "3", "stray", "--drain_timeout", PING_TIMEOUT="nan", READER="select"
    )
    expected = (
        "--prot: no such option; did you mean --port?",
        "--ping-interval: no such option; did you mean --ping_interval?",
        "'stray': not an option; options look like --name=value",
        "--drain_timeout: a value is missing; allowed is a number from 0 to 600",
        "conf/development.conf:2: not a setting; settings look like name = value",
        "conf/development.conf:3: prot: no such setting; did you mean port?",
        "conf/development.conf:5: log_level: given before, in line 4",
        "conf/development.conf:6: config: no such setting; did you mean config?",
        "conf/development.conf:1: port: '70000' is not allowed; allowed is a whole number from 0 to 65535",
        "variable PING_TIMEOUT: ping_timeout: 'nan' is not allowed; allowed is a number from 0.05 to 3600 (in s)",
        "variable READER: reader: 'select' is not allowed; allowed is epoll or iostream",
    )
    assert set(found) == set(expected)


@pytest.mark.parametrize(
    "option",
    [
        "--port=1e3",
        "--port=-1",
        "--port=",
        "--port=१",
        "--ping_timeout=inf",
        "--data_dir=",
        "--mongodb_uri=http://db.example",
        "--mongodb_database=a/b",
        "--socketio_cors_origins=app.example",
        "--socketio_cors_origins=https://app.example/path",
        "--demo_accounts=maybe",
        "--default_locale=fr",
        "--environment=staging",
    ],
)
def test_a_value_that_is_not_allowed_names_setting_source_and_choice(option: str) -> None:
    name = option.removeprefix("--").partition("=")[0]
    (sentence,) = problems(option)
    assert sentence.startswith(f"--{name}: ")
    assert sentence.count(name) == 1
    assert "allowed is" in sentence


def test_a_file_that_cannot_be_read_is_a_problem() -> None:
    Path("binary.conf").write_bytes(b"port = \xff\n")
    assert problems("--config=binary.conf") == ("config: binary.conf cannot be read: it is not UTF-8 text",)
    assert problems("--config=.") == ("config: . cannot be read: Is a directory",)


def test_a_settings_file_is_never_executed() -> None:
    write_file("address = __import__('os').getcwd()\n")
    assert read().address == "__import__('os').getcwd()"


@pytest.mark.parametrize(
    "option",
    [
        f"--jwt_secret={SECRET}",
        "--mongodb_uri=mongodb://u:hunter2@db.example",
        "--redis_url=redis://cache.example/0?password=hunter2",
    ],
)
def test_secrets_are_refused_on_the_command_line(option: str) -> None:
    (sentence,) = problems(option)
    assert "a secret is refused on the command line" in sentence
    assert SECRET not in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("redis://h:6379/0?password=hunter2&db=1", "redis://h:6379/0?password=***&db=1"),
        ("unix:///run/redis?db=1&PassWord=hunter2", "unix:///run/redis?db=1&PassWord=***"),
        ("mongodb://a:hunter2@h,i/?w=1&tlsKeyPassword=hunter2", "mongodb://***@h,i/?w=1&tlsKeyPassword=***"),
        ("mongodb://h/?replicaset=rs0&x=hunter2", "mongodb://h/?replicaset=rs0&x=***"),
        ("mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2", "mongodb://h/?authMechanismProperties=***"),
        ("redis://h?password=a;hunter2", "redis://h?password=***;***"),
        ("redis://h?hunter2", "redis://h?***"),
        ("https://a,https://hunter2@b", "https://a,https://***@b"),
        ("/data/what?is=this", "/data/what?is=this"),
    ],
)
def test_credentials_in_uris_are_masked(uri: str, shown: str) -> None:
    assert without_credentials(uri) == shown


def test_no_problem_shows_a_secret() -> None:
    found = problems(JWT_SECRET="hunter2", MONGODB_URI="mongo://user:hunter2@db.example")
    assert "variable JWT_SECRET: jwt_secret: 7 bytes is not allowed; allowed is at least 32 bytes" in found
    assert "hunter2" not in "".join(found)
    assert "***@db.example" in "".join(found)


def test_a_value_that_is_not_utf_8_is_a_problem() -> None:
    assert problems(PORT="\udcff") == ("variable PORT: port: the value is not UTF-8 text",)
    assert problems("--unix_socket=\udcff") == ("--unix_socket: the value is not UTF-8 text",)
    assert problems(JWT_SECRET="\udcff" * 40) == ("variable JWT_SECRET: jwt_secret: the value is not UTF-8 text",)


def test_one_byte_is_not_bytes() -> None:
    (sentence,) = problems(JWT_SECRET="x")
    assert "jwt_secret: 1 byte is not allowed" in sentence


def test_production_rules_are_one_sentence_each() -> None:
    found = problems("--environment=production", "--demo_accounts", "--socketio_cors_origins=https://a.example,*")
    names = [sentence.partition(":")[0] for sentence in found]
    assert names == ["jwt_secret", "mongodb_uri", "socketio_cors_origins", "demo_accounts"]
    assert read(**PRODUCTION).environment == "production"


def test_help_lists_every_setting() -> None:
    text = help_text()
    for definition in definitions():
        assert f"  --{definition.name}" in text
        assert definition.help.split()[0] in text


def test_the_configuration_document_is_up_to_date() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == document(), "write it anew: python -m server.settings_help > docs/configuration.md"


def test_every_setting_is_used() -> None:
    """A setting that changes nothing is a promise not kept."""
    read_by = "".join((ROOT / name).read_text() for name in READERS)
    names = {one.name for one in dataclasses.fields(Settings)}
    assert [name for name in sorted(names) if name not in read_by] == []


@pytest.mark.parametrize("name", ["development", "production"])
def test_the_shipped_files_are_valid(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with every commented line made a setting."""
    monkeypatch.chdir(ROOT)
    shipped = (ROOT / "conf" / f"{name}.conf").read_text()
    examples = [line.removeprefix("# ") for line in shipped.splitlines() if line.startswith("# ") and " = " in line]
    examples = [line for line in examples if "`" not in line]
    assert examples
    variables = PRODUCTION if name == "production" else {}
    assert read(**variables).environment == name
    for example in examples:
        option = "--" + example.replace(" = ", "=", 1)
        assert read(option, **variables).environment == name
