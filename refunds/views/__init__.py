"""The buyer's after-sale pages (apply, tickets, evidence), and the door of the payment channels (notices)."""
