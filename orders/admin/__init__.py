"""The admin of shops, goods, policies, calendars, orders and payments."""

from orders.admin import calendar, catalog, goods, job, order, policy, staff, warehouse  # noqa: F401  importing registers the pages
