"""The shop's and the buyer's pages: catalog (browse), cart (checkout included), order (list and page), payment."""
