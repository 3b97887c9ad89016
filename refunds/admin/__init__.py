"""The admin of tickets, disputes, payouts, reasons and automatic answers; it completes the order’s page."""

from refunds.admin import automatic, dispute, order, payout, reason, ticket  # noqa: F401  importing registers the pages
