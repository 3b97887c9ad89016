"""Those who ask and those who answer, in tests."""

from typing import Any
from uuid import uuid4

from django.urls import reverse

from aftersales.help import actions
from aftersales.help.models import Enquiry
from aftersales.models import User
from aftersales.testing import PASSWORD, one

CONTACT = reverse("help:contact")


def agent(name="sam"):
    return User.objects.create_user(f"{name}@example.com", PASSWORD, is_staff=True, is_customer_service=True)


def fields(**more):
    """What a browser sends of a filled form."""
    return {"topic": "money", "text": "Where is it?", "about": "", "website": "", "token": str(uuid4())} | more


def question(**more):
    values: dict[str, Any] = {"topic": "money", "text": "Where is it?", "sender": "s"}
    return actions.Question(uuid4(), **values | more)


def asked(person=None, **more):
    """An enquiry by a person, or by a guest."""
    return actions.ask(question(**({} if person else {"email": "guest@example.org"}) | more), person)


def last(enquiry):
    return enquiry.letters.public().latest("pk").pk


def answered(enquiry, by, text="It is on its way."):
    actions.answer(one(enquiry), by, text, read=last(enquiry))
    return Enquiry.objects.get(pk=enquiry.pk)
