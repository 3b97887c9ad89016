"""The command's own words: files, reports, progress."""

import io
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from orders.defaults import install_policies
from orders.importing.progress import Progress
from orders.models import Order, Policy
from orders.tests.test_import import EXCERPT, refused, rows, run, write

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policies(db):
    """A test with real commits flushes what migrations wrote."""
    install_policies(Policy)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "orders.csv"


def complaint(*arguments):
    with pytest.raises(CommandError) as error:
        call_command("import_orders", *map(str, arguments), "-v0", stdout=StringIO(), stderr=StringIO())
    assert not Order.objects.exists()
    return str(error.value)


def test_files_that_cannot_be_read_are_named(tmp_path, path):
    assert complaint(path) == f"There is no file {path}."
    assert complaint(tmp_path) == f"{tmp_path} is a folder. Name a CSV file."
    path.touch()
    assert complaint(path) == f"{path}: The file is empty."
    path.write_text("order_no;buyer\n")
    assert "missing here: order_no, buyer" in complaint(path)
    path.write_bytes(EXCERPT.read_bytes() + "EX9,买家".encode("gbk"))
    assert "Line 62 is not UTF-8" in complaint(path)


def test_a_report_never_replaces_the_file_itself(tmp_path, path):
    write(path, rows(("EX1", {})))
    assert "would overwrite" in complaint(path, "--report", path)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    assert "would overwrite" in complaint(path, "--report", link)


def test_a_report_that_cannot_be_written_is_said_first(tmp_path, path):
    write(path, rows(("EX1", {})))
    assert "cannot be written" in complaint(path, "--report", tmp_path / "none" / "report.csv")
    assert "cannot be written" in complaint(path, "--report", tmp_path)


def test_the_report_goes_where_it_is_wanted(tmp_path, path):
    write(path, rows(("EX1", {"quantity": "0"})))
    report = tmp_path / "why.csv"
    with pytest.raises(CommandError, match=r"1 lines were refused; .*why\.csv says why"):
        run(path, "--report", str(report))
    heading, line = report.read_text("utf-8-sig").splitlines()
    assert heading == "line,order_no,reason"
    assert line.startswith("2,EX1,")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["orders.csv", "why.csv"]


def test_an_old_report_does_not_outlive_its_truth(path):
    write(path, rows(("EX1", {"quantity": "0"})))
    assert list(refused(path)) == [2]
    write(path, rows(("EX1", {})))
    run(path)
    assert path.with_name("orders.refused.csv").read_text("utf-8-sig").splitlines() == ["line,order_no,reason"]


def test_a_return_address_that_is_too_long_is_refused(path):
    write(path, rows(("EX1", {})))
    assert "longer than 500" in complaint(path, "--return-address", "x" * 501)


def test_progress_is_shown_by_percent_and_can_be_silenced(path):
    write(path, rows(("EX1", {})))
    err = StringIO()
    call_command("import_orders", str(path), stdout=StringIO(), stderr=err)
    assert "100 %" in err.getvalue()
    silent = StringIO()
    call_command("import_orders", str(path), "-v0", stdout=StringIO(), stderr=silent)
    assert silent.getvalue() == ""


def test_a_terminal_sees_one_line_that_is_redrawn():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    progress = Progress(terminal, "Reading", shown=True)
    for done in (0, 1, 1, 50, 100):
        progress.at(done, 100)
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().count("\r") == 4


def test_the_exit_code_tells_a_script(path):
    write(path, rows(("EX1", {"quantity": "0"})))
    root = Path(__file__).parents[2]
    command = [sys.executable, "manage.py", "import_orders", str(path), "--dry-run", "--skip-checks"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CommandError: 1 lines were refused" in done.stderr
    assert "Orders refused           1" in done.stdout
