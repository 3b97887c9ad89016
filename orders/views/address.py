"""The address book's pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from orders import addresses
from orders.forms import AddressForm
from orders.models import Address
from orders.views.pages import personal, reader, see_other


def _entry(request: HttpRequest, pk: int) -> Address:
    return get_object_or_404(Address.objects.of_buyer(reader(request)), pk=pk)


@personal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    book = list(Address.objects.of_buyer(reader(request)))
    context = {"book": book, "most": addresses.MOST, "full": len(book) >= addresses.MOST}
    return render(request, "orders/addresses.html", context)


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new address, or a change of one."""
    entry = Address() if pk is None else _entry(request, pk)
    form = AddressForm(request.POST if request.method == "POST" else None, instance=entry)
    if form.is_valid():
        try:
            addresses.keep(reader(request), form.save(commit=False))
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("The address is saved."))
            return see_other(reverse("orders:addresses"))
    status = 422 if form.errors else 200
    return render(request, "orders/address.html", {"form": form, "is_new": pk is None}, status=status)


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks once more, POST deletes."""
    if request.method != "POST":
        return render(request, "orders/address_delete.html", {"entry": _entry(request, pk)})
    if not addresses.remove(reader(request), pk):
        raise Http404
    messages.success(request, _("The address is deleted. Orders that go there are not changed."))
    return see_other(reverse("orders:addresses"))


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def default(request: HttpRequest, pk: int) -> HttpResponse:
    """POST does it. GET, where a login leads back to, changes nothing and shows the book."""
    if request.method != "POST":
        _entry(request, pk)
        return redirect("orders:addresses")
    if not addresses.make_default(reader(request), pk):
        raise Http404
    messages.success(request, _("New orders go to this address unless you say otherwise."))
    return see_other(reverse("orders:addresses"))
