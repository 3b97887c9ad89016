"""The shop and the buyer's orders."""

from django.urls import path, re_path

from orders.views import cart, catalog, order, payment

app_name = "orders"
# Numbers of imported orders may hold anything but a slash; PostgreSQL takes no NUL.
NUMBER = r"^orders/(?P<number>[^/\x00]{1,40})/"
urlpatterns = [
    path("", catalog.shop, name="shop"),
    path("products/<int:pk>/", catalog.product, name="product"),
    path("cart/", cart.show, name="cart"),
    path("checkout/", cart.checkout, name="checkout"),
    path("orders/", order.index, name="list"),
    re_path(rf"{NUMBER}$", order.detail, name="order"),
    re_path(rf"{NUMBER}pay/$", payment.pay, name="pay"),
    *(re_path(rf"{NUMBER}{name}/$", order.act, {"action": name}, name=name) for name in order.VERBS),
]
