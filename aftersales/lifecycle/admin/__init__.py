"""What the admin pages of every app are made of: rights by role, pages of rows that have a life, their buttons."""

from aftersales.lifecycle.admin.actions import ActionForm, VersionForm, Way
from aftersales.lifecycle.admin.lists import QueueFilter, SetAsideFilter, badge, deadline, queue_of, state_filter
from aftersales.lifecycle.admin.pages import LifecycleAdmin, put_back
from aftersales.lifecycle.admin.rights import ByRole, ReadOnlyInline, ReadOnlyStack, person

__all__ = [
    "ActionForm",
    "ByRole",
    "LifecycleAdmin",
    "QueueFilter",
    "ReadOnlyInline",
    "ReadOnlyStack",
    "SetAsideFilter",
    "VersionForm",
    "Way",
    "badge",
    "deadline",
    "person",
    "put_back",
    "queue_of",
    "state_filter",
]
