"""The admin of shops, goods, policies, orders and payments."""

from orders.admin import catalog, order, policy  # noqa: F401  importing registers the pages
