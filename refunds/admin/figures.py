"""The page of a shop's figures: headlines, charts with their tables, each as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales import money
from aftersales.exchange.cells import defused
from aftersales.lifecycle.admin import person
from aftersales.templatetags.aftersales import duration
from orders.admin.rights import works_in_a_shop
from orders.models import Shop
from refunds.figures import shop as figures
from refunds.figures.measures import Spread
from refunds.figures.period import LONGEST, Period, Step

# What is shown at first: the last days, today included.
USUAL_DAYS = 30


def may_see(request: HttpRequest) -> bool:
    """People of a shop see its figures, operators and auditors every shop’s."""
    user = request.user
    return bool(user.is_active and user.is_staff and (person(request).sees_everything or works_in_a_shop(request)))


class DaysForm(forms.Form):
    """Which days."""

    first = forms.DateField(
        label=pgettext_lazy("figures", "From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=pgettext_lazy("figures", "To"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, request: HttpRequest, **usual: Any) -> None:
        usual = {**_usual(), **usual}
        given = {name: request.GET[name] for name in self.base_fields if name in request.GET}
        super().__init__({**usual, **given}, initial=usual, auto_id="figures_%s")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", _("This day lies before the first one."))
        elif first and last and last - first > LONGEST:
            self.add_error("last", _("At most a year at once."))
        elif first and not 1970 <= first.year <= 9000:
            self.add_error("first", _("Choose a later day."))
        return data

    def period(self) -> Period:
        data = self.cleaned_data
        step = Step(data.get("step", Step.DAY))
        return Period(data["first"], data["last"], step, timezone.get_current_timezone())


class PeriodForm(DaysForm):
    """Which shop, which days, and in which steps."""

    shop = forms.ModelChoiceField(
        Shop.objects.none(), label=pgettext_lazy("figures", "Shop"), empty_label=None, to_field_name="code"
    )
    step = forms.ChoiceField(label=gettext_lazy("By"), choices=Step.choices)
    field_order = ("shop", "first", "last", "step")

    def __init__(self, request: HttpRequest) -> None:
        user = person(request)
        shops = Shop.objects.of_staff(user)
        super().__init__(request, shop=getattr(shops.first(), "code", None))
        choice = cast("forms.ModelChoiceField[Shop]", self.fields["shop"])
        if user.sees_everything:
            # Among all the shops of the platform one types the code.
            choice.label, choice.widget = _("Code of the shop"), forms.TextInput()
        choice.queryset = shops


def _usual() -> dict[str, Any]:
    today = timezone.localdate()
    return {"first": today - timedelta(days=USUAL_DAYS - 1), "last": today, "step": Step.DAY}


# --- what is shown ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Headline:
    """One figure, and the same of the period before."""

    title: Any
    now: str
    before: str
    basis: Any


@dataclass(frozen=True)
class Chart:
    """A chart and the table beside it. `cells` gives a row's values as a computer reads them, the first one its name;
    `shown` the same for a person. The chart draws the columns `drawn`.
    """

    name: str
    title: Any
    basis: Any
    kind: str
    columns: Sequence[Any]
    cells: Callable[[Any], Sequence[Any]]
    shown: Callable[[Any], Sequence[str]]
    rows: Callable[[figures.Figures], Iterable[Any]]
    drawn: tuple[int, ...] = (1,)


FILED = gettext_lazy("By the day on which tickets were filed.")
PAID = gettext_lazy("By the day on which orders were paid.")
BACK = gettext_lazy("By the day on which the money was back.")
PRODUCTS = gettext_lazy("Tickets by the day on which they were filed, units sold by the day on which orders were paid.")


def headlines(shop: Shop, found: figures.Figures) -> list[Headline]:
    def pair(title: Any, basis: Any, told: Callable[[figures.Summary], str]) -> Headline:
        return Headline(title, told(found.now), told(found.before), basis)

    return [
        pair(_("Tickets"), FILED, lambda of: str(of.tickets)),
        pair(_("Refund rate"), PAID, lambda of: percent(of.refund_rate)),
        pair(_("Dispute rate"), FILED, lambda of: percent(of.dispute_rate)),
        pair(_("Agreed by rules"), FILED, lambda of: percent(of.automatic_share)),
        pair(_("First answer, half within"), FILED, lambda of: lasting(of.answered.median)),
        pair(_("First answer, nine of ten within"), FILED, lambda of: lasting(of.answered.p90)),
        pair(_("To the end, half within"), FILED, lambda of: lasting(of.ended.median)),
        pair(_("To the end, nine of ten within"), FILED, lambda of: lasting(of.ended.p90)),
        pair(_("Money back"), BACK, lambda of: money.shown(of.back, shop.currency)),
    ]


def charts(shop: Shop, period: Period) -> list[Chart]:
    """In the order of the page."""

    def day(of: date) -> str:
        return date_format(of, "YEAR_MONTH_FORMAT" if period.step == Step.MONTH else "SHORT_DATE_FORMAT")

    def plain(amount: int) -> str:
        return money.plain(amount, shop.currency)

    def shown(amount: int) -> str:
        return money.shown(amount, shop.currency)

    def lasted(name: str, title: Any, of: Callable[[figures.StepRow], Spread]) -> Chart:
        return Chart(
            name, title, FILED, "line", (begins, _("Half within (hours)"), _("Nine of ten within (hours)")),
            lambda row: (row.begins.isoformat(), _hours(of(row).median), _hours(of(row).p90)),
            lambda row: (day(row.begins), lasting(of(row).median), lasting(of(row).p90)),
            lambda found: found.steps, (1, 2),
        )  # fmt: skip

    begins = period.step.label
    return [
        Chart(
            "tickets", _("Tickets"), FILED, "bar",
            (begins, _("Filed"), pgettext_lazy("figures", "Customer service called"), _("By rules")),
            lambda row: (row.begins.isoformat(), row.tickets, row.disputed, row.automatic),
            lambda row: (day(row.begins), str(row.tickets), str(row.disputed), str(row.automatic)),
            lambda found: found.steps, (1, 2, 3),
        ),
        Chart(
            "refund-rate", _("Refund rate"), PAID, "line",
            (begins, _("Share of orders, %"), _("Orders paid"), _("With money back")),
            lambda row: (row.begins.isoformat(), _decimal(row.refund_rate), row.orders, row.refunded),
            lambda row: (day(row.begins), percent(row.refund_rate), str(row.orders), str(row.refunded)),
            lambda found: found.steps,
        ),
        lasted("first-answer", _("First answer"), lambda row: row.answered),
        lasted("end", _("To the end"), lambda row: row.ended),
        Chart(
            "money", _("Money back"), BACK, "bar", (begins, _("Amount (%(currency)s)") % {"currency": shop.currency}),
            lambda row: (row.begins.isoformat(), plain(row.back)),
            lambda row: (day(row.begins), shown(row.back)),
            lambda found: found.steps,
        ),
        Chart(
            "reasons", _("Reasons"), FILED, "across",
            (_("Reason"), pgettext_lazy("figures", "Tickets"), _("Share, %"), _("Asked for")),
            lambda row: (str(row.reason), row.tickets, _decimal(row.share), plain(row.asked)),
            lambda row: (str(row.reason), str(row.tickets), percent(row.share), shown(row.asked)),
            lambda found: found.reasons,
        ),
        Chart(
            "products", _("Products with the most tickets"), PRODUCTS, "across",
            (_("Product"), pgettext_lazy("figures", "Tickets"), _("Units"), _("Units sold"), _("Rate, %"),
             _("Asked for")),
            lambda row: (row.title, row.tickets, row.units, row.sold, _decimal(row.rate), plain(row.asked)),
            lambda row: (row.title, str(row.tickets), str(row.units), str(row.sold), percent(row.rate),
                         shown(row.asked)),
            lambda found: found.products,
        ),
    ]  # fmt: skip


def percent(part: int | None) -> str:
    """A share for a reader, of hundredths of a percent; "–" of nothing."""
    if part is None:
        return "–"
    tenths = (part + 5) // 10
    return f"{tenths // 10}.{tenths % 10} %"


def _decimal(hundredths: int | None) -> str | None:
    """As a computer reads it."""
    return None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02}"


def _hours(time: timedelta | None) -> str | None:
    return None if time is None else _decimal(100 * time // timedelta(hours=1))


def lasting(time: timedelta | None) -> str:
    return "–" if time is None else duration(time)


# --- pages ------------------------------------------------------------------------------------------------------------


def page(request: HttpRequest) -> HttpResponse:
    """The figures of one shop over some days. 422 for days that cannot be; another's shop is no choice."""
    form = _asked(request)
    context = {**admin.site.each_context(request), "title": _("Figures"), "form": form, "headlines": [], "charts": []}
    if form.is_valid():
        shop, period = form.cleaned_data["shop"], form.period()
        found = figures.of_shop(shop, period)
        context["title"] = _("Figures of %(shop)s") % {"shop": shop}
        context |= {"headlines": headlines(shop, found), "before": period.before, "shop": shop,
                    "charts": [_drawn(chart, found) for chart in charts(shop, period)]}  # fmt: skip
    return TemplateResponse(request, "admin/figures/page.html", context, status=200 if form.is_valid() else 422)


def table(request: HttpRequest, name: str) -> HttpResponse:
    """One chart's table as CSV, with its basis in the first line."""
    form = _asked(request)
    if not form.is_valid():
        raise Http404
    shop, period = form.cleaned_data["shop"], form.period()
    chart = next((chart for chart in charts(shop, period) if chart.name == name), None)
    if chart is None:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{period.first}-{period.last}.csv"'
    # Spreadsheets take a CSV file for UTF-8 by its mark only.
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow([defused(str(column)) for column in chart.columns])
    for row in chart.rows(figures.of_shop(shop, period)):
        writer.writerow([defused(cell) for cell in chart.cells(row)])
    return response


def _asked(request: HttpRequest) -> PeriodForm:
    if not may_see(request):
        raise PermissionDenied
    return PeriodForm(request)


def _drawn(chart: Chart, found: figures.Figures) -> dict[str, Any]:
    """A chart for the template: its table, and what the script draws."""
    rows = list(chart.rows(found))
    cells = [chart.cells(row) for row in rows]
    data = {
        "kind": chart.kind,
        "labels": [chart.shown(row)[0] for row in rows],
        "series": [{"label": str(chart.columns[at]), "values": [row[at] for row in cells]} for at in chart.drawn],
    }
    return {"chart": chart, "rows": [chart.shown(row) for row in rows], "data": data, "data_id": f"data-{chart.name}"}
