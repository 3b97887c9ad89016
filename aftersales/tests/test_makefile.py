"""`make` sets up with the right Python of those that a machine has."""

import shutil
import subprocess
import sys

import pytest
from django.conf import settings

# Answers as a Python that takes so many microseconds (none: it will not do), and tells who made the environment.
STUB = """#!/bin/sh
case "$*" in
*fit.py) {answer} ;;
"-m venv --clear .venv") mkdir -p .venv/bin && echo {name} > made-by && cp /bin/true .venv/bin/python ;;
esac
"""


@pytest.fixture
def made_by(tmp_path):
    """Which of {name: microseconds or None} makes the environment; "" where none does."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "aftersales" / "dev").mkdir(parents=True)
    shutil.copy(settings.BASE_DIR / "Makefile", tmp_path)
    for name in ("requirements.txt", "aftersales/dev/fit.py"):
        shutil.copy(settings.BASE_DIR / name, tmp_path / name)

    def run(pythons, *arguments):
        for name, took in pythons.items():
            stub = tmp_path / "bin" / name
            stub.write_text(STUB.format(name=name, answer="exit 1" if took is None else f"echo {took}"))
            stub.chmod(0o755)
        path = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
        done = subprocess.run(
            ["make", "setup", *arguments], cwd=tmp_path, env=path, capture_output=True, text=True, check=False
        )
        made = tmp_path / "made-by"
        assert made.exists() == (done.returncode == 0), done.stderr
        return made.read_text().strip() if made.exists() else done.stderr

    return run


OTHERS = dict.fromkeys(("python3.11", "python3.12", "python3.13", "python3.14"))


def test_the_usual_one_is_taken(made_by):
    assert made_by(OTHERS | {"python3": 10, "python3.13": 9}) == "python3"


def test_a_clearly_faster_one_is_taken(made_by):
    assert made_by(OTHERS | {"python3": 20, "python3.12": 10}) == "python3.12"


def test_one_that_will_not_do_is_passed_by(made_by):
    assert made_by(OTHERS | {"python3": None, "python3.11": 1}) == "python3.11"


def test_what_was_asked_for_is_taken_and_nothing_else(made_by):
    assert made_by(OTHERS | {"python3": 1, "python3.14": 900}, "PYTHON=python3.14") == "python3.14"


def test_it_says_what_is_missing(made_by):
    assert "make PYTHON=" in made_by(OTHERS, "PYTHON=python3.11")


def test_a_python_tells_how_fast_it_is():
    fit = settings.BASE_DIR / "aftersales" / "dev" / "fit.py"
    said = subprocess.run([sys.executable, "-I", fit], capture_output=True, check=True)
    assert int(said.stdout) > 0
