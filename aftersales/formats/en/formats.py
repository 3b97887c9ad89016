"""The month in letters, and 24 hours: 11/12 is two days to an international shop, and so is 12:00 a.m. to many."""

DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "M j, Y, H:i"
DATE_FORMAT = SHORT_DATE_FORMAT = "M j, Y"
