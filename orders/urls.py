"""The shop and the buyer's orders."""

from django.urls import path, re_path

from orders.views import address, cart, catalog, checkout, invoice, joining, order, order_list, payment

app_name = "orders"
# Numbers of imported orders may hold anything but a slash; PostgreSQL takes no NUL.
NUMBER = r"^orders/(?P<number>[^/\x00]{1,40})/"
urlpatterns = [
    path("", catalog.shop, name="shop"),
    path("products/<int:pk>/", catalog.product, name="product"),
    path("cart/", cart.show, name="cart"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("checkout/pay/", checkout.to_pay, name="to_pay"),
    path("account/addresses/", address.index, name="addresses"),
    path("account/addresses/new/", address.edit, name="new_address"),
    path("account/addresses/<int:pk>/", address.edit, name="address"),
    path("account/addresses/<int:pk>/delete/", address.delete, name="delete_address"),
    path("account/addresses/<int:pk>/default/", address.default, name="default_address"),
    path("shops/join/<str:token>/", joining.join, name="join"),
    path("orders/", order_list.index, name="list"),
    re_path(rf"{NUMBER}$", order.detail, name="order"),
    re_path(rf"{NUMBER}pay/$", payment.pay, name="pay"),
    re_path(rf"{NUMBER}again/$", order.again, name="again"),
    re_path(rf"{NUMBER}invoice/$", invoice.invoice, name="invoice"),
    re_path(rf"{NUMBER}invoice/print/$", invoice.printed, name="print_invoice"),
    *(re_path(rf"{NUMBER}{name}/$", order.act, {"action": name}, name=name) for name in order.VERBS),
]
