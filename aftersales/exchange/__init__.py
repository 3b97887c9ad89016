"""Tables that people take out of the shop and bring back: formats, safe cells, and the admin's pages for them."""
