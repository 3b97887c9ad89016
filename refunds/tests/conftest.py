"""The real channel and a real mail server, processes of their own, for the tests of the workers."""

import pytest

import payments.sandbox
from aftersales.models import User
from orders.models import ShopStaff
from payments.testing import SandboxProcess
from refunds.tests.mailbox import MailServer
from refunds.tests.service import staffed

KEY = "a-key-that-only-these-tests-know"


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with SandboxProcess(tmp_path_factory.mktemp("channel") / "books.sqlite", KEY) as running:
        yield running


@pytest.fixture
def channel(process, settings, monkeypatch):
    """The real channel with empty books; a call that is not answered is given up after half a second."""
    process.reset()
    entry = settings.CHANNELS["sandbox"]
    settings.CHANNELS = {"sandbox": {**entry, "url": process.url, "secret": KEY}}
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(payments.sandbox, "TIMEOUT", 0.5)
    return process


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory):
    server = MailServer(tmp_path_factory.mktemp("mail"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def post(mail_server, settings):
    """The real mail server with nothing in it and no faults; one that does not answer is given up after a second."""
    mail_server.empty()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", mail_server.port, 1
    settings.PUBLIC_URL = "https://shop.example"
    return mail_server


@pytest.fixture
def desk(cast):
    """The cast with customer service: Sam, Sue and Sid."""
    return staffed(cast)


@pytest.fixture
def colleague(cast):
    """An agent of the shop, who is no owner."""
    user = User.objects.create_user("ann@example.com", "x", name="Ann", is_staff=True)
    ShopStaff.objects.create(shop=cast.shop, user=user)
    return user
