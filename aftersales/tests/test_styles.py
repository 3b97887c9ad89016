"""The built sheet fits the templates: a class that a template names is in static/css/app.css, so nobody forgets to
build it (`make assets`)."""

import re

from django.conf import settings

ROOT = settings.BASE_DIR
TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
CLASSES = re.compile(r'class="([^"]*)"')


def named() -> set[str]:
    """The classes of the buyer's templates; what a tag computes is named in the sheet's source."""
    folders = [ROOT / "templates", *ROOT.glob("*/*/templates")]
    files = [f for folder in folders for f in folder.rglob("*.html") if not {"admin", "notices"} & set(f.parts)]
    assert len(files) > 50
    # A tag inside a word makes a part of a class of it: such words are left out.
    texts = [re.sub(r"\S*\0\S*", " ", TAG.sub("\0", c)) for f in files for c in CLASSES.findall(spread(f.read_text()))]
    return {word for text in texts for word in text.split()}


def spread(source: str) -> str:
    """With blanks around block tags, which stand between classes, and double quotes inside tags made single."""
    source = re.sub(r"{#.*?#}", "", source, flags=re.DOTALL)
    return re.sub(r"{%.*?%}", " ", source, flags=re.DOTALL)


def test_sheet_is_built() -> None:
    sheet = (ROOT / "static/css/app.css").read_text()
    known = {word.replace("\\", "") for word in re.findall(r"\.((?:[\w-]|\\.)+)", sheet)}
    assert not sorted(named() - known)
