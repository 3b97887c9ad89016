"""The built sheet fits the templates: a class that a template names is in static/css, so that nobody forgets to build
it (`make assets`)."""

import re

from django.conf import settings

ROOT = settings.BASE_DIR
COMMENT, BLOCK, VALUE = (re.compile(x, re.DOTALL) for x in (r"{#.*?#}", r"{%.*?%}", r"{{.*?}}"))
CLASSES = re.compile(r'\bclass="([^"]*)"')


def named() -> set[str]:
    """The classes of the buyer's templates. A class of which a value is a part is named in the sheet's source."""
    folders = [ROOT / "templates", *ROOT.glob("*/*/templates")]
    files = [f for folder in folders for f in folder.rglob("*.html") if not {"admin", "notices"} & set(f.parts)]
    assert len(files) > 100
    texts = [VALUE.sub("\0", BLOCK.sub(" ", COMMENT.sub("", file.read_text()))) for file in files]
    return {word for text in texts for found in CLASSES.findall(text) for word in found.split() if "\0" not in word}


def test_sheet_is_built() -> None:
    sheets = "".join(sheet.read_text() for sheet in (ROOT / "static/css").glob("*.css") if sheet.name != "admin.css")
    known = {word.replace("\\", "") for word in re.findall(r"\.((?:[\w-]|\\.)+)", sheets)}
    assert sorted(named() - known) == []
