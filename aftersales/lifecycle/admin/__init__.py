"""What the admin pages of every app are made of: rights by role, pages of rows that have a life, their buttons."""

from aftersales.lifecycle.admin.actions import ActionForm, VersionForm, Way
from aftersales.lifecycle.admin.keyset import KeysetPage
from aftersales.lifecycle.admin.lists import QueueFilter, SetAsideFilter, badge, deadline, queue_of, state_filter
from aftersales.lifecycle.admin.pages import LifecycleAdmin, put_back
from aftersales.lifecycle.admin.queue import EVERYTHING, FilterForm, QueuePage, Tab, tab_of
from aftersales.lifecycle.admin.rights import ByRole, ReadOnlyInline, ReadOnlyStack, person
from aftersales.lifecycle.admin.unmasking import Unmasks

__all__ = [
    "EVERYTHING",
    "ActionForm",
    "ByRole",
    "FilterForm",
    "KeysetPage",
    "LifecycleAdmin",
    "QueueFilter",
    "QueuePage",
    "ReadOnlyInline",
    "ReadOnlyStack",
    "SetAsideFilter",
    "Unmasks",
    "Tab",
    "VersionForm",
    "Way",
    "badge",
    "deadline",
    "person",
    "put_back",
    "queue_of",
    "state_filter",
    "tab_of",
]
