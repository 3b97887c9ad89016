"""The hosted pay page: what a buyer sees at the channel, in English and Chinese, on a phone first."""

from datetime import datetime
from html import escape

from payments.sandbox_channel.store import Row

NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
WORDS = {
    "en": {
        "html": "en",
        "title": "Sandbox pay",
        "hint": "This is a test. No real money moves.",
        "for": "For",
        "amount": "Amount",
        "until": "Pay before",
        "number": "Payment number",
        "pay": "Pay",
        "decline": "Decline",
        "back": "Back to the shop",
        "open": "Confirm your payment",
        "pending": "Your payment is being processed",
        "paid": "Paid",
        "declined": "Declined: nothing was paid",
        "expired": "Too late: this payment has expired",
        "missing": "This payment does not exist",
    },
    "zh": {
        "html": "zh-Hans",
        "title": "沙箱支付",
        "hint": "测试环境, 不会产生真实扣款。",
        "for": "商品",
        "amount": "金额",
        "until": "付款截止",
        "number": "支付单号",
        "pay": "确认支付",
        "decline": "拒绝支付",
        "back": "返回商家",
        "open": "请确认付款",
        "pending": "支付处理中",
        "paid": "支付成功",
        "declined": "已拒绝, 未扣款",
        "expired": "支付已超时, 无法付款",
        "missing": "支付单不存在",
    },
}
STYLE = """
:root { color-scheme: light dark; --ink: #16202c; --soft: #4a5766; --line: #d5dbe3; --page: #f2f4f7; --card: #fff;
  --go: #0b57d0; --on-go: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #eef2f6; --soft: #b3bfcc; --line: #3b4754; --page: #10161d;
  --card: #1a222c; --go: #a8c7fa; --on-go: #062e6f } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 28rem; margin: 0 auto; padding: 1.5rem 1rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem }
h1 { font-size: 1.25rem; margin: 0 0 1rem }
.hint, dt { color: var(--soft); font-size: .875rem }
dl { margin: 0 0 1.25rem }
dd { margin: 0 0 .75rem; overflow-wrap: anywhere }
.sum { font-size: 1.75rem; font-weight: 600; font-variant-numeric: tabular-nums }
.button { display: block; width: 100%; min-height: 3rem; margin-top: .75rem; padding: .6rem; border-radius: .5rem;
  border: 1px solid var(--go); background: var(--card); color: var(--go); font: inherit; font-weight: 600;
  text-align: center; text-decoration: none; cursor: pointer }
.main { background: var(--go); color: var(--on-go) }
:focus-visible { outline: 3px solid var(--go); outline-offset: 2px }
"""


def language(asked: str | None, accepted: str) -> str:
    """Either "zh" or "en": what ?lang= says, else the browser's first choice of the two."""
    if asked and asked[:2].lower() in WORDS:
        return asked[:2].lower()
    liked = sorted(((_weight(part), part.strip()[:2].lower()) for part in accepted.split(",")), key=lambda one: -one[0])
    return next((name for weight, name in liked if weight > 0 and name in WORDS), "en")


def money(amount: int, currency: str) -> str:
    """`amount` in minor units, as people write it: JPY 1,200; USD 12.00; KWD 1.200."""
    digits = 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    whole, rest = divmod(amount, 10**digits)
    return f"{currency} {whole:,}" + (f".{rest:0{digits}d}" if digits else "")


def payment(row: Row, lang: str) -> str:
    """The page of a payment: two buttons while it is open, afterwards its result and the way back to the shop."""
    words = WORDS[lang]
    facts = [("for", escape(row["subject"])), ("amount", _sum(row)), ("number", escape(row["number"]))]
    if row["state"] == "open":
        facts.append(("until", _time(row["expires_at"])))
    listed = "".join(f"<dt>{words[name]}</dt><dd>{value}</dd>" for name, value in facts if value)
    rest = _buttons(words, lang) if row["state"] == "open" else _way_back(words, row["return_url"])
    return _page(words, words[row["state"]], f"<dl>{listed}</dl>{rest}")


def missing(lang: str) -> str:
    return _page(WORDS[lang], WORDS[lang]["missing"], "")


def _weight(part: str) -> float:
    text = part.partition("q=")[2].strip()
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def _sum(row: Row) -> str:
    return f'<span class="sum">{escape(money(row["amount"], row["currency"]))}</span>'


def _time(value: str) -> str:
    return f'<time datetime="{escape(value)}">{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S} UTC</time>'


def _buttons(words: dict[str, str], lang: str) -> str:
    pay = f'<button class="button main" name="action" value="pay">{words["pay"]}</button>'
    decline = f'<button class="button" name="action" value="decline">{words["decline"]}</button>'
    return f'<form method="post" action="?lang={lang}">{pay}{decline}</form>'


def _way_back(words: dict[str, str], url: str) -> str:
    return f'<a class="button main" href="{escape(url)}">{words["back"]}</a>' if url else ""


def _page(words: dict[str, str], heading: str, content: str) -> str:
    head = (
        f'<!doctype html><html lang="{words["html"]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading} · {words['title']}</title><style>{STYLE}</style></head>"
    )
    card = f'<div class="card"><h1>{heading}</h1>{content}<p class="hint">{words["hint"]}</p></div>'
    return f"{head}<body><main>{card}</main></body></html>"
