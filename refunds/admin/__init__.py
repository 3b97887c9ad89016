"""The admin of refunds; it completes the order's page by the verbs that give money back."""

from refunds.admin import (  # noqa: F401  importing registers the pages
    automatic,
    books,
    changes,
    dispute,
    notice,
    order,
    payout,
    reason,
    replies,
    ticket,
)
