"""The diagrams: what they show, where they go, and that the README's are current."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from aftersales.lifecycle.draw import mermaid, placed
from aftersales.lifecycles import ALL
from aftersales.tests.source import ROOT
from orders.lifecycle import ORDER

BLANK = "# Life\n\n" + "\n".join(
    f"<!-- lifecycle: {life.name} -->\nstale\n<!-- /lifecycle -->\nafter\n" for life in ALL
)


def draw(*args: str) -> str:
    out = StringIO()
    call_command("draw_lifecycles", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(BLANK, encoding="utf-8")
    return path


def test_readme_is_current():
    assert draw("--check") == "README.md: every diagram is current\n"
    assert "stateDiagram-v2" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_arrow_birth_and_end_is_drawn():
    drawing = mermaid(ORDER)
    assert drawing.startswith("stateDiagram-v2\n")
    assert "    awaiting_payment : Awaiting payment\n" in drawing
    assert "    [*] --> awaiting_payment\n    [*] --> awaiting_receipt\n" in drawing
    assert drawing.endswith("    closed --> [*]")
    for life in ALL:
        arrows = {
            tuple(line.split(" : ")[0].split(" --> "))
            for line in map(str.strip, mermaid(life).split("\n"))
            if "-->" in line
        }
        own = {(source, target) for source, target in arrows if "[*]" not in (source, target)}
        assert {pair for pair in own if pair[0] != pair[1]} == set(life.pairs())


def test_clock_marks_what_silence_leads_to():
    drawing = mermaid(ORDER)
    assert "    awaiting_payment --> closed : cancel, ⏱ expire\n" in drawing
    assert "    awaiting_receipt --> completed : receive, ⏱ auto_receive\n" in drawing
    assert drawing.count("⏱") == 2


def test_actions_of_one_arrow_are_named_once():
    assert "    awaiting_shipment --> awaiting_receipt : ship, rest_cancelled\n" in mermaid(ORDER)


def test_drawing_is_english_whoever_draws():
    with translation.override("zh-hans"):
        assert mermaid(ORDER) == mermaid(ORDER)
        assert "Awaiting payment" in mermaid(ORDER)


def test_only_the_place_between_the_markers_changes(document):
    assert draw(str(document)) == "page.md: drew order, ticket, dispute, payout\n"
    text = document.read_text(encoding="utf-8")
    assert "stale" not in text
    assert text.count("\nafter\n") == 4
    assert text.count("```mermaid\nstateDiagram-v2\n") == 4
    assert text.startswith("# Life\n\n<!-- lifecycle: order -->\n```mermaid\n")
    assert draw(str(document)) == "page.md: every diagram is current\n"
    assert document.read_text(encoding="utf-8") == text


def test_check_names_what_is_stale_and_writes_nothing(document):
    draw(str(document))
    stale = document.read_text(encoding="utf-8").replace("[*] --> created", "[*] --> sent")
    document.write_text(stale, encoding="utf-8")
    with pytest.raises(CommandError, match="stale diagram of payout. Run: manage.py draw_lifecycles"):
        draw("--check", str(document))
    assert document.read_text(encoding="utf-8") == stale


def test_missing_marker_is_named_and_nothing_written(document):
    broken = BLANK.replace("lifecycle: payout", "lifecycle: nothing")
    document.write_text(broken, encoding="utf-8")
    with pytest.raises(CommandError, match="no place for the payout lifecycle: <!-- lifecycle: payout -->"):
        draw(str(document))
    assert document.read_text(encoding="utf-8") == broken


def test_missing_end_marker_swallows_nothing(document):
    broken = BLANK.replace("<!-- /lifecycle -->", "", 1)
    document.write_text(broken, encoding="utf-8")
    with pytest.raises(CommandError, match="no place for the"):
        draw(str(document))
    assert document.read_text(encoding="utf-8") == broken


def test_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.md"):
        draw(str(tmp_path / "nowhere.md"))


def test_backslashes_survive():
    assert placed("<!-- lifecycle: order -->\n\\1 \\g<2>\n<!-- /lifecycle -->\\1", ORDER).endswith(
        "<!-- /lifecycle -->\\1"
    )
