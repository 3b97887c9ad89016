"""The built sheet fits the templates: a class that a template names is in static/css, so that nobody forgets to build
it (`make assets`)."""

import re
from pathlib import Path

import unfold
from django.conf import settings

ROOT = settings.BASE_DIR
COMMENT, BLOCK, VALUE = (re.compile(x, re.DOTALL) for x in (r"{#.*?#}", r"{%.*?%}", r"{{.*?}}"))
CLASSES = re.compile(r'\bclass="([^"]*)"')


STAFF = {"admin", "unfold"}


def named(*, staff: bool) -> set[str]:
    """The classes of the pages of staff, or of buyers. A class of which a value is a part is named in the sheet's
    source."""
    folders = [ROOT / "templates", *ROOT.glob("*/*/templates")]
    files = [f for folder in folders for f in folder.rglob("*.html") if "notices" not in f.parts]
    files = [f for f in files if bool(STAFF & set(f.relative_to(ROOT).parts)) == staff]
    assert len(files) > 15
    texts = [VALUE.sub("\0", BLOCK.sub(" ", COMMENT.sub("", file.read_text()))) for file in files]
    return {word for text in texts for found in CLASSES.findall(text) for word in found.split() if "\0" not in word}


def known(*sheets: Path) -> set[str]:
    text = "".join(sheet.read_text() for sheet in sheets)
    return {word.replace("\\", "") for word in re.findall(r"\.((?:[\w-]|\\.)+)", text)}


def test_sheet_is_built() -> None:
    sheets = [sheet for sheet in (ROOT / "static/css").glob("*.css") if sheet.name != "admin.css"]
    assert sorted(named(staff=False) - known(*sheets)) == []


def test_sheet_of_staff_is_built() -> None:
    skin = Path(unfold.__file__).parent / "static/unfold/css/styles.css"
    assert sorted(named(staff=True) - known(ROOT / "static/css/admin.css", skin)) == []
