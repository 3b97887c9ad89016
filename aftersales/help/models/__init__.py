"""What is read (articles) and what is asked (enquiries)."""

from aftersales.help.models.article import Article, Category, Vote
from aftersales.help.models.enquiry import Enquiry, Letter, Topic, Written

__all__ = ["Article", "Category", "Enquiry", "Letter", "Topic", "Vote", "Written"]
