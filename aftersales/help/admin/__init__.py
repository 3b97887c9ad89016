"""The admin of help: articles for operators, enquiries for the desk."""

from aftersales.help.admin import article, enquiry  # noqa: F401  importing registers the pages
