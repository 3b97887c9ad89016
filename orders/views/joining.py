"""The page that an invitation leads to."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from aftersales.lifecycle.errors import Refused
from orders import staffing
from orders.models import Invitation
from orders.models.invitation import invited
from orders.views.pages import personal, reader, see_other


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """GET says who asks, POST joins the shop. Only the person who was asked reads the invitation."""
    try:
        key = invited(token)
    except BadSignature:
        raise Http404 from None
    user, refusal = reader(request), ""
    invitation = get_object_or_404(Invitation.objects.select_related("shop", "invited_by"), pk=key)
    if request.method == "POST":
        try:
            staffing.accept(key, user)
        except Refused as refused:
            refusal = str(refused)
        else:
            # Joining has ended the person's sessions; this one goes on.
            user.refresh_from_db()
            update_session_auth_hash(request, user)
            messages.success(request, _("You work for %(shop)s now.") % {"shop": invitation.shop})
            return see_other(reverse("admin:index"))
    mine = invitation.email == user.email
    context = {"invitation": invitation, "mine": mine, "refusal": refusal}
    return render(request, "orders/join.html", context, status=409 if refusal else 200)
