"""Settings from the environment: each reader names a bad variable and says what it should look like.

A value comes from the process environment, else from the file named by `NAME_FILE` (for secrets mounted as
files), else from `.env` beside manage.py, which `make` writes for development.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


def _dotenv() -> dict[str, str]:
    path = ROOT / ".env"
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


_FILE = _dotenv()


def raw(name: str) -> str:
    """The variable's text, "" when it is set nowhere. Raises ImproperlyConfigured for an unreadable NAME_FILE."""
    if name in os.environ:
        return os.environ[name].strip()
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {error}") from error
    return _FILE.get(name, "")


def text(name: str, default: str = "") -> str:
    return raw(name) or default


def required(name: str, *, default: str, example: str) -> str:
    """A text that must be set where `default` is empty."""
    value = raw(name) or default
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. It should look like {example}")
    return value


def secret(name: str, *, default: str) -> str:
    """A secret. An empty default means that it must be set."""
    return required(name, default=default, example="a long random text, e.g. 50 characters")


def boolean(name: str, *, default: bool) -> bool:
    value = raw(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if not value:
        return default
    raise ImproperlyConfigured(f"{name}={value!r} is not a yes or no. It should be 1 or 0.")


def integer(name: str, *, default: int, least: int = 0) -> int:
    value = raw(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit()) or int(value) < least:
        raise ImproperlyConfigured(f"{name}={value!r} should be a whole number from {least}, e.g. {default}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name: str, *, schemes: tuple[str, ...], example: str, default: str = "") -> str:
    """A URL with one of the schemes, "" when unset. Raises ImproperlyConfigured that shows an example."""
    value = text(name, default)
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in schemes and (parts.hostname or parts.path) and (parts.port or 1)
    except ValueError:
        sound = False
    if not sound:
        raise ImproperlyConfigured(f"{name} is not a usable URL. It should look like {example}")
    return value
