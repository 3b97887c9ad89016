"""The settings of the admin's looks: aftersales.site is its site, aftersales.navigation its menu."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

UNFOLD: Final[dict[str, Any]] = {
    "SITE_TITLE": _("Aftersales"),
    "SITE_HEADER": _("Aftersales"),
    "SITE_SYMBOL": "assignment_return",
    "SITE_URL": "/",
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "aftersales.navigation.menu"},
    "ACCOUNT": {"navigation": "aftersales.navigation.account"},
    # The buyer's pages' green; each pair of text and ground meets WCAG AA.
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .014 182)",
            "100": "oklch(94.5% .035 182)",
            "200": "oklch(89% .065 182)",
            "300": "oklch(82% .095 182)",
            "400": "oklch(75% .1 184)",
            "500": "oklch(72% .1 184)",
            "600": "oklch(44% .077 187)",
            "700": "oklch(39% .068 187)",
            "800": "oklch(34% .058 188)",
            "900": "oklch(29% .048 189)",
            "950": "oklch(21% .036 190)",
        },
        "font": {
            "subtle-light": "var(--color-base-600)",
            "subtle-dark": "var(--color-base-300)",
            "default-light": "var(--color-base-800)",
            "default-dark": "var(--color-base-200)",
            "important-light": "var(--color-base-950)",
            "important-dark": "var(--color-base-50)",
        },
    },
}
