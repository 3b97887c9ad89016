"""Draw a lifecycle as a Mermaid state diagram, and put it between its markers in a document."""

from __future__ import annotations

import re

from django.utils import translation

from aftersales.lifecycle.table import Lifecycle, Transition


def mermaid(life: Lifecycle) -> str:
    """The diagram in English: solid names are people's actions, a clock marks what silence leads to.

    What leaves every row where it is, such as a message, is no arrow."""
    with translation.override("en"):
        lines = ["stateDiagram-v2"]
        lines += [f"    {state} : {state.label}" for state in life.states.all()]
        lines += [f"    [*] --> {state}" for state in life.born]
        lines += _arrows(life)
        lines += [f"    {state} --> [*]" for state in life.states.all() if state.final]
    return "\n".join(lines)


def _arrows(life: Lifecycle) -> list[str]:
    names: dict[tuple[str, str], list[str]] = {}
    for transition in life.transitions:
        if transition.target is None:
            continue
        for source in transition.sources:
            words = names.setdefault((source, transition.target), [])
            word = f"{_clock(transition, source.on_due)}{transition.name}"
            if word not in words:
                words.append(word)
    return [f"    {source} --> {target} : {', '.join(words)}" for (source, target), words in names.items()]


def _clock(transition: Transition, on_due: str | None) -> str:
    return "⏱ " if transition.name == on_due else ""


def placed(document: str, life: Lifecycle) -> str:
    """The document with the life's diagram between its markers. Raises LookupError when they are missing."""
    block = re.compile(rf"(<!-- lifecycle: {life.name} -->\n).*?(<!-- /lifecycle -->)", re.DOTALL)
    if not block.search(document):
        raise LookupError(f"no place for the {life.name} lifecycle: <!-- lifecycle: {life.name} -->")
    drawing = f"```mermaid\n{mermaid(life)}\n```\n"
    return block.sub(lambda found: f"{found[1]}{drawing}{found[2]}", document)
