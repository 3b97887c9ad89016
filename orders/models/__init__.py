"""Every model of orders, so that an import need not know the file."""

from orders.models.address import Address
from orders.models.books import Leg, Posting
from orders.models.bound import PolicyBound
from orders.models.calendar import Calendar, Holiday
from orders.models.catalog import Coupon, Product, Shop, ShopStaff, Sku
from orders.models.goods import GoodsRule
from orders.models.invitation import Invitation
from orders.models.invoice import InvoiceData
from orders.models.order import Order, OrderEvent, OrderLine
from orders.models.payment import Payment
from orders.models.policy import Policy
from orders.models.shipment import Shipment, ShipmentLine
from orders.models.warehouse import Warehouse

__all__ = [
    "Address",
    "Calendar",
    "Coupon",
    "GoodsRule",
    "Holiday",
    "Invitation",
    "InvoiceData",
    "Leg",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Payment",
    "Policy",
    "PolicyBound",
    "Posting",
    "Product",
    "Shipment",
    "ShipmentLine",
    "Shop",
    "ShopStaff",
    "Sku",
    "Warehouse",
]
