"""What happened over a time, in figures that the database computes: of a shop, and of customer service."""
