"""What is done with enquiries, each verb in one transaction under the lock of its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import translation

from aftersales.actors import Role
from aftersales.help.errors import HelpError
from aftersales.help.models import Enquiry, Letter, Written
from aftersales.lifecycle.errors import Refused
from aftersales.models import User
from aftersales.numbers import mint
from aftersales.wake import wake
from refunds.notices import tell

# The life under which an answer stands among the notices, and what happened.
LIFE, ANSWER = "enquiry", "answer"
SEND_ANSWERS: Final = "aftersales.help.tasks.send_answers"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """What somebody asks. `email` counts only without a person, `sender` is a network address as a hash."""

    token: UUID
    topic: str
    text: str
    about: str = ""
    email: str = ""
    sender: str = ""


def ask(question: Question, person: User | None) -> Enquiry:
    """Write the question down, once for its token. Raises Refused beyond the limits of a day."""
    who = {"person": person} if person else {"person": None, "email": question.email.lower()}
    with transaction.atomic():
        _one_after_the_other(f"sender {question.sender}")
        _one_after_the_other(f"asker {person.pk if person else who['email']}")
        if found := Enquiry.objects.filter(token=question.token, **who).first():
            return found
        _check_limits(question, who)
        # A form that was opened before its reader logged in may come twice, as two people.
        is_taken = Enquiry.objects.filter(token=question.token).exists()
        enquiry = Enquiry.objects.create(
            number=mint("Q"),
            token=uuid4() if is_taken else question.token,
            topic=question.topic,
            about=question.about,
            language=translation.get_language() or settings.LANGUAGE_CODE,
            sender=question.sender,
            **who,
        )
        _write(enquiry, Written.QUESTION, question.text, person)
    return enquiry


def follow_up(rows: QuerySet[Enquiry], by: User, text: str) -> Letter:
    """The one who asked writes again after an answer: it is open again. Sent twice, it is written once. Raises Refused
    while the last words wait, and beyond the limit of a day."""
    with transaction.atomic():
        _one_after_the_other(f"asker {by.pk}")
        enquiry = _locked(rows)
        if enquiry.is_open:
            last: Letter = enquiry.letters.public().latest("pk")
            if last.text == text:
                return last
            raise Refused(HelpError.WAITS, "text")
        _check_asker({"person": by})
        letter = _write(enquiry, Written.QUESTION, text, by)
        _save(enquiry, waiting_since=Now())
    return letter


def take(rows: QuerySet[Enquiry], by: User) -> None:
    """It is this agent's to answer. Raises Refused when it is another's."""
    with transaction.atomic():
        enquiry = _locked(rows)
        _check_agent(enquiry, by)
        _save(enquiry, agent=by)


def release(rows: QuerySet[Enquiry], by: User) -> None:
    """It is nobody's again; an operator may take it from whoever has it."""
    with transaction.atomic():
        enquiry = _locked(rows)
        if not by.is_superuser:
            _check_agent(enquiry, by)
        _save(enquiry, agent=None)


def annotate(rows: QuerySet[Enquiry], by: User, text: str) -> None:
    """A note that only the desk reads."""
    with transaction.atomic():
        _write(_locked(rows), Written.NOTE, text, by)


def answer(rows: QuerySet[Enquiry], by: User, text: str, *, read: int) -> Letter:
    """Answer, and let the answer be brought to who asked. `read` is the last letter that the agent has seen.

    Of two agents at once the first one answers. Raises Refused when it is another's or answered, or when more was
    written meanwhile."""
    with transaction.atomic():
        enquiry = _locked(rows)
        if not enquiry.is_open:
            last = enquiry.letters.filter(kind=Written.ANSWER).select_related("author").latest("pk")
            raise Refused(HelpError.ANSWERED, "text", who=str(last.author))
        _check_agent(enquiry, by)
        if enquiry.letters.public().latest("pk").pk > read:
            raise Refused(HelpError.NEWER, "text")
        letter = _write(enquiry, Written.ANSWER, text, by, next_at=None if enquiry.person_id else Now())
        _save(enquiry, agent=by, waiting_since=None, answered_at=Now())
        _tell(enquiry, letter)
    return letter


# --- inside -----------------------------------------------------------------------------------------------------------


def send_again(letters: QuerySet[Letter]) -> int:
    """Begin anew with answers that were given up. Returns how many there were."""
    return letters.filter(failed_at__isnull=False).update(failed_at=None, next_at=Now(), tries=0)


def _tell(enquiry: Enquiry, letter: Letter) -> None:
    """A person gets notices, which are sent like all others; for somebody without a login the letter is sent itself."""
    if enquiry.person_id is None:
        wake(SEND_ANSWERS)
        return
    number, path = enquiry.number, enquiry.get_absolute_url()
    tell({enquiry.person_id}, Role.BUYER, LIFE, letter.pk, ANSWER, number=number, path=path)


def _check_agent(enquiry: Enquiry, by: User) -> None:
    if enquiry.agent_id not in (None, by.pk):
        raise Refused(HelpError.TAKEN, "text", who=str(enquiry.agent))


def _locked(rows: QuerySet[Enquiry]) -> Enquiry:
    return rows.select_for_update(no_key=True, of=("self",)).get()


def _save(enquiry: Enquiry, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(enquiry, name, value)
    enquiry.save(update_fields=columns.keys())


def _write(enquiry: Enquiry, kind: Written, text: str, by: User | None, **more: Any) -> Letter:
    if not text.strip():
        raise Refused(HelpError.EMPTY, "text")
    return Letter.objects.create(enquiry=enquiry, kind=kind, text=text, author=by, **more)


def _one_after_the_other(key: str) -> None:
    """Whoever asks at the same moment waits until this transaction ends, so that both are counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{LIFE} {key}"])


def _check_limits(question: Question, who: dict[str, Any]) -> None:
    _check_asker(who)
    here = Enquiry.objects.filter(sender=question.sender, asked_at__gt=Now() - _DAY)
    if question.sender and here.count() >= settings.ENQUIRIES_PER_ADDRESS:
        raise Refused(HelpError.TOO_MANY_HERE)


def _check_asker(who: dict[str, Any]) -> None:
    asked = Letter.objects.filter(kind=Written.QUESTION, at__gt=Now() - _DAY)
    if asked.filter(**{f"enquiry__{name}": value for name, value in who.items()}).count() >= settings.ENQUIRIES_PER_DAY:
        raise Refused(HelpError.TOO_MANY, most=settings.ENQUIRIES_PER_DAY)
