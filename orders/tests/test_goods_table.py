"""Products leave as a table and come back as one: what comes back is shown first, and changes nothing else."""

import io

import pytest
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from orders.models import Product, Sku

LIST, EXPORT, IMPORT, DO = (
    reverse(f"admin:orders_product_{name}") for name in ("changelist", "export", "import", "process_import")
)
CSV, WORKBOOK = "0", "1"


@pytest.fixture
def seller(cast, client):
    client.force_login(cast.bob)
    return client


def exported(client, kind=CSV, query=""):
    response = client.post(EXPORT + query, {"format": kind, "resource": "0"})
    assert response.status_code == 200, response.content.decode()
    return response.content


def rows_of(content):
    return tablib.Dataset().load(content.decode("utf-8-sig"), format="csv").dict


def upload(client, text, kind=CSV, name="goods.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(IMPORT, {"format": kind, "resource": "0", "import_file": SimpleUploadedFile(name, data)})


def confirm(client, response):
    return client.post(DO, response.context["confirm_form"].initial)


def everything():
    return list(Product.objects.order_by("pk").values()), list(Sku.objects.order_by("pk").values())


def test_own_goods_leave_and_come_back_as_they_are(cast, seller, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        content = exported(seller)
    rows = rows_of(content)
    assert {row["shop"] for row in rows} == {"shop"}
    assert {row["sku"] for row in rows} == set(
        Sku.objects.filter(product__shop=cast.shop).values_list("code", flat=True)
    )
    before = everything()
    shown = upload(seller, content)
    assert shown.context["result"].totals["skip"] == len(rows)
    assert confirm(seller, shown).status_code == 302
    assert everything() == before


def test_a_file_is_shown_first_and_then_done(cast, seller, django_assert_max_num_queries):
    stock = cast.mug.stock
    text = (
        f"product,sku,title,variant,price,discount,add_to_stock\n"
        f"{cast.mug.product.code},{cast.mug.code},Big mug,blue,12.50,0.50,-2\n"
        f"kettle,k-1,Kettle,,30,,7\nkettle,k-2,Kettle,red,31,,\n"
    )
    before = everything()
    shown = upload(seller, text)
    assert (shown.status_code, everything()) == (200, before)
    assert {name: n for name, n in shown.context["result"].totals.items() if n} == {"new": 2, "update": 1}
    assert "Big" in shown.content.decode()
    with django_assert_max_num_queries(32):
        assert confirm(seller, shown).status_code == 302
    mug = Sku.objects.select_related("product").get(pk=cast.mug.pk)
    assert (mug.product.title, mug.variant, mug.price, mug.discount, mug.stock) == (
        "Big mug",
        "blue",
        1250,
        50,
        stock - 2,
    )
    kettle = Product.objects.get(shop=cast.shop, code="kettle")
    assert list(kettle.skus.values_list("code", "price", "stock")) == [("k-1", 3000, 7), ("k-2", 3100, 0)]
    # The same file again takes what it takes once more, but makes nothing twice.
    assert upload(seller, text).context["result"].totals["new"] == 0


BAD = {
    "a shop of others": ("shop,product,sku,title,price\nother,x,x,X,1\n", "shop"),
    "no code": ("product,sku,title,price\n,x,X,1\n", "product"),
    "twice the same": ("product,sku,title,price\nx,x,X,1\nx,x,X,1\n", "sku"),
    "no title": ("product,sku,title,price\nx,x,,1\n", "title"),
    "no amount": ("product,sku,title,price\nx,x,X,1e3\n", "price"),
    "too fine an amount": ("product,sku,title,price\nx,x,X,1.005\n", "price"),
    "discount above the price": ("product,sku,title,price,discount\nx,x,X,1,2\n", "discount"),
    "more digits than anybody counts": (
        f"product,sku,title,price,add_to_stock\nx,x,X,1,{'9' * 5000}\n",
        "add_to_stock",
    ),
    "half a unit": ("product,sku,title,price,add_to_stock\nx,x,X,1,0.5\n", "add_to_stock"),
    "more than there is": ("product,sku,title,price,add_to_stock\nx,x,X,1,-1\n", "add_to_stock"),
    "a code too long": (f"product,sku,title,price\nx,{'x' * 51},X,1\n", "sku"),
    "an unknown column": ("product,sku,owner\nx,x,me\n", ""),
    "a column missing": ("product,title\nx,X\n", ""),
    "no rows": ("product,sku\n", ""),
    "no table": ("\x00\x01", ""),
}


@pytest.mark.parametrize(("text", "column"), BAD.values(), ids=BAD)
def test_a_bad_row_stops_the_file_and_is_named(cast, seller, text, column):
    before = everything()
    response = upload(seller, text)
    assert response.status_code == 422
    assert "confirm_form" not in response.context
    if column:
        assert [column in row.error_dict for row in response.context["result"].invalid_rows] == [True]
    assert everything() == before


def test_what_has_been_sold_meanwhile_is_not_taken_out(cast, seller):
    shown = upload(seller, f"product,sku,add_to_stock\n{cast.mug.product.code},{cast.mug.code},-{cast.mug.stock}\n")
    Sku.objects.filter(pk=cast.mug.pk).update(stock=1)
    response = confirm(seller, shown)
    assert response.status_code == 422
    assert Sku.objects.get(pk=cast.mug.pk).stock == 1


def test_no_cell_is_a_formula(cast, seller):
    Product.objects.filter(pk=cast.mug.product_id).update(title="=1+1", description="@SUM(A1)", department="+1")
    row = next(row for row in rows_of(exported(seller)) if row["sku"] == cast.mug.code)
    assert (row["title"], row["description"], row["department"]) == ("'=1+1", "'@SUM(A1)", "'+1")
    cells = [cell for line in load_workbook(io.BytesIO(exported(seller, WORKBOOK))).active.iter_rows() for cell in line]
    assert "f" not in {cell.data_type for cell in cells}
    assert upload(seller, exported(seller, WORKBOOK), WORKBOOK, "goods.xlsx").context["result"].totals["update"] == 0


def test_a_workbook_that_is_none_is_refused(cast, seller):
    assert upload(seller, b"PK not a workbook", WORKBOOK, "goods.xlsx").status_code == 422


@pytest.mark.parametrize("who", ["dave", "alice", "operator"])
def test_tables_hold_what_a_person_may_see(cast, client, who):
    client.force_login(getattr(cast, who))
    response = client.post(EXPORT, {"format": CSV, "resource": "0"})
    if who == "alice":
        assert response.status_code in (302, 403)
        return
    shops = {row["shop"] for row in rows_of(response.content)}
    assert shops <= ({"other"} if who == "dave" else {"shop", "other"})
    refused = upload(client, f"shop,product,sku,price\nshop,{cast.mug.product.code},{cast.mug.code},1\n")
    assert refused.status_code == (422 if who == "dave" else 200)
