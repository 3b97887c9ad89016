"""The demo shop's command, on databases that are not the demo shop's."""

import pytest
from django.core.management import CommandError

from aftersales import demo
from aftersales.models import User
from aftersales.testdb import install_standing
from aftersales.testing import place
from aftersales.tests.test_demo import run
from orders.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _standing(db):
    install_standing()


def test_a_database_with_other_orders_is_left_alone(cast):
    place(cast)
    run("--force")
    assert Order.objects.count() == 1
    assert not User.objects.filter(email=demo.PEOPLE[0][0]).exists()


def test_passwords_that_all_know_need_debug_or_force(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG=1"):
        run()
    assert not User.objects.exists()
    settings.DEBUG = True
    assert "ready" in run()


def test_no_logins_are_promised_that_do_not_exist(db):
    assert "no demo accounts" in run("--logins")
