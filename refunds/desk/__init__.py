"""The tools of people who answer tickets, sellers and customer service alike: replies, notes, unsent words, and who is
looking at a case right now."""
