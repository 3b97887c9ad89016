"""A bad variable is named, with what it should look like."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from aftersales import env


@pytest.fixture(autouse=True)
def no_dotenv(monkeypatch):
    monkeypatch.setattr(env, "_FILE", {})


@pytest.fixture
def given(monkeypatch):
    monkeypatch.delenv("X", raising=False)
    return lambda value, name="X": monkeypatch.setenv(name, value)


def database(name="X"):
    return env.url(name, schemes=("postgres",), example="postgres://user@host/name")


def test_unset_is_the_default(given):
    assert env.text("X", "some") == "some"
    assert env.boolean("X", default=True) is True
    assert env.integer("X", default=7) == 7
    assert env.words("X") == []
    assert database() == ""


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("1", True), ("true", True), ("YES", True), (" on ", True), ("0", False), ("off", False), ("No", False)],
)
def test_boolean(given, value, meaning):
    given(value)
    assert env.boolean("X", default=not meaning) is meaning


@pytest.mark.parametrize("value", ["2", "ja", "true?", "None"])
def test_bad_boolean_is_named(given, value):
    given(value)
    with pytest.raises(ImproperlyConfigured, match="X=.*should be 1 or 0"):
        env.boolean("X", default=False)


@pytest.mark.parametrize("value", ["-1", "1.5", "ten", "0x10", "٣", "4", "1e3"])
def test_bad_integer_is_named(given, value):
    given(value)
    with pytest.raises(ImproperlyConfigured, match="X=.*whole number from 5, e.g. 10"):
        env.integer("X", default=10, least=5)


def test_integer(given):
    given(" 5 ")
    assert env.integer("X", default=10, least=5) == 5


def test_words_are_split_and_trimmed(given):
    given("a.example, b.example,,")
    assert env.words("X") == ["a.example", "b.example"]


def test_secret_must_be_set(given):
    with pytest.raises(ImproperlyConfigured, match="X is not set"):
        env.secret("X", default="")
    given("long")
    assert env.secret("X", default="") == "long"


def test_value_from_a_file(given, tmp_path):
    path = tmp_path / "secret"
    path.write_text("from the file\n")
    given(str(path), "X_FILE")
    assert env.secret("X", default="") == "from the file"


def test_the_variable_beats_its_file(given, tmp_path):
    given(str(tmp_path / "missing"), "X_FILE")
    given("direct")
    assert env.text("X") == "direct"


def test_unreadable_file_is_named(given, tmp_path):
    given(str(tmp_path / "missing"), "X_FILE")
    with pytest.raises(ImproperlyConfigured, match="X_FILE names a file that cannot be read"):
        env.text("X")


def test_dotenv_comes_last(given, tmp_path, monkeypatch):
    monkeypatch.setattr(env, "_FILE", {"X": "from .env"})
    assert env.text("X") == "from .env"
    given("")
    assert env.text("X", "default") == "default"


def test_dotenv_is_read(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("# comment=1\n\nDEBUG=1\n KEY = a=b \nnonsense\n")
    monkeypatch.setattr(env, "ROOT", tmp_path)
    assert env._dotenv() == {"DEBUG": "1", "KEY": "a=b"}


@pytest.mark.parametrize("value", ["postgres://user:pass@host:5432/name", "postgres:///name", "postgres://h/n"])
def test_url(given, value):
    given(value)
    assert database() == value


@pytest.mark.parametrize(
    "value",
    [
        "host/name",
        "mysql://user@host/name",
        "postgres://",
        "postgres://host:port/name",
        "postgres://host:65536/name",
        "postgres://host:-1/name",
    ],
)
def test_bad_url_is_named(given, value):
    given(value)
    with pytest.raises(ImproperlyConfigured, match="X is not a usable URL. It should look like postgres://user@host"):
        database()


def test_a_bad_url_is_not_repeated(given):
    given("mysql://user:password@host/name")
    with pytest.raises(ImproperlyConfigured) as refusal:
        database()
    assert "password" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("TICK_SECONDS", "0"),
        ("TICK_SECONDS", "31"),
        ("DATABASE_URL", "postgres://host:99999/name"),
        ("REDIS_URL", "http://host"),
        ("PUBLIC_URL", "shop.example"),
        ("SANDBOX_URL", "ftp://host"),
        ("EMAIL_URL", "http://mail.example"),
        ("EMAIL_URL", "smtp://mail.example?tls=yes"),
        ("EMAIL_URL", "smtps://mail.example?tls=1"),
        ("DATABASE_URL_FILE", "/nowhere"),
    ],
)
def test_settings_name_what_is_bad(name, value):
    sound = {"DEBUG": "1", "DATABASE_URL": "postgres://host/name", "REDIS_URL": "redis://host"}
    if name.endswith("_FILE"):
        del sound[name.removesuffix("_FILE")]
    result = settings(**{**sound, name: value})
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"django.core.exceptions.ImproperlyConfigured: {name}")


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL"])
def test_production_must_be_complete(missing):
    sound = {"SECRET_KEY": "s" * 50, "DATABASE_URL": "postgres://host/name", "REDIS_URL": "redis://host"}
    sound |= {"DEBUG": "0", "PUBLIC_URL": "https://shop.example", "EVIDENCE_DIR": "/evidence"}
    sound |= {"EMAIL_URL": "smtp://mail.example", "DEFAULT_FROM_EMAIL": "no-reply@shop.example", missing: ""}
    result = settings(**sound)
    assert result.returncode == 1
    assert f"{missing} is not set" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "meaning"),
    [
        ("smtp://mail.example", "mail.example 25 '' '' False False"),
        ("smtp://me%40shop:p%2Fw@mail.example?tls=1", "mail.example 587 'me@shop' 'p/w' True False"),
        ("smtps://mail.example", "mail.example 465 '' '' False True"),
        ("smtp://mail.example:2525?tls=0", "mail.example 2525 '' '' False False"),
    ],
)
def test_mail_server(url, meaning):
    sound = {"DEBUG": "1", "DATABASE_URL": "postgres://host/name", "REDIS_URL": "redis://host", "EMAIL_URL": url}
    shown = "s.EMAIL_HOST, s.EMAIL_PORT, repr(s.EMAIL_HOST_USER), repr(s.EMAIL_HOST_PASSWORD), s.EMAIL_USE_TLS"
    result = settings(f"import aftersales.settings as s; print({shown}, s.EMAIL_USE_SSL)", **sound)
    assert result.stdout.strip() == meaning


def test_mails_are_files_in_development_without_a_server():
    sound = {"DEBUG": "1", "DATABASE_URL": "postgres://host/name", "REDIS_URL": "redis://host"}
    result = settings("import aftersales.settings as s; print(s.EMAIL_BACKEND, s.EMAIL_FILE_PATH)", **sound)
    assert result.stdout.strip() == f"django.core.mail.backends.filebased.EmailBackend {env.ROOT / '.dev' / 'mail'}"


def settings(code="import aftersales.settings", **variables):
    clean = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([sys.executable, "-c", code], cwd=env.ROOT, env=clean, capture_output=True, text=True)
