"""The buyer's after-sale pages (apply, tickets, evidence), everybody's inbox, and the door of the payment channels
(notices)."""
