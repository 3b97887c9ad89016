"""Help's pages, read by everybody; one's own questions behind the login."""
