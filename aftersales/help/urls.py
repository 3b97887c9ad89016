"""Help: what is read, what is asked."""

from django.urls import path

from aftersales.help.views.asking import contact, enquiries, enquiry, sent
from aftersales.help.views.reading import article, category, home, results, suggest, vote

app_name = "help"
urlpatterns = [
    path("", home, name="home"),
    path("search/", results, name="search"),
    path("suggest/", suggest, name="suggest"),
    path("topics/<slug:slug>/", category, name="category"),
    path("articles/<slug:slug>/", article, name="article"),
    path("articles/<slug:slug>/helpful/", vote, name="vote"),
    path("contact/", contact, name="contact"),
    path("contact/sent/", sent, name="sent"),
    path("questions/", enquiries, name="enquiries"),
    path("questions/<slug:number>/", enquiry, name="enquiry"),
]
