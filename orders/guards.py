"""What the database refuses of orders, beside the CHECKs of the models. Imported once, by AppConfig.ready()."""

import pgtrigger

from aftersales.lifecycle.guards import append_only, attach, freeze, guard, keep, only_grows
from orders.lifecycle import ORDER
from orders.models import (
    Invitation,
    Leg,
    Order,
    OrderLine,
    Payment,
    Policy,
    Posting,
    Product,
    Shipment,
    ShipmentLine,
    ShopStaff,
    Warehouse,
)

guard(ORDER)
append_only(Policy)
append_only(Posting)
append_only(Leg)
append_only(ShipmentLine)
keep(OrderLine)
keep(Payment)
keep(Shipment)
freeze(Order, "number", "buyer_id", "shop_id", "policy_id", "currency", "freight", "total")
freeze(OrderLine, "order_id", "sku_id", "quantity", "list_total", "discount", "paid")
freeze(Payment, "number", "order_id", "channel", "amount", "currency")
freeze(
    Payment, "received_at", "received", "received_currency", once="OLD.received_at IS NOT NULL", name="received_once"
)
freeze(Payment, "pays_order", once="OLD.pays_order", name="pays_for_good")
freeze(Warehouse, "shop_id")
freeze(Invitation, "shop_id", "email")
keep(Invitation)
only_grows(Order, "settled", "freight_settled")
only_grows(OrderLine, "settled", "shipped", "cancelled", "returned", "replaced", "restocked")
only_grows(Payment, "settled")
# Who joins a shop, leaves it or changes roles there has other rights from now on: aftersales.guards. An auditor of
# everybody works for nobody.
attach(
    ShopStaff,
    pgtrigger.Trigger(
        name="no_auditor",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("user_id"),  # type: ignore[no-untyped-call]
        func="""
        IF EXISTS (SELECT 1 FROM aftersales_user WHERE id = NEW.user_id AND is_auditor) THEN
            RAISE EXCEPTION 'an auditor works for no shop' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
    ),
    pgtrigger.Trigger(
        name="rights_version",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func="""
        UPDATE aftersales_user SET rights_version = rights_version + 1 WHERE id IN (OLD.user_id, NEW.user_id);
        RETURN NULL;
        """,
    ),
)
# Goods of a shop come back to a place of that shop.
attach(
    Product,
    pgtrigger.Trigger(
        name="own_warehouse",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("warehouse_id", "shop_id"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Condition("NEW.warehouse_id IS NOT NULL"),
        func="""
        IF NEW.shop_id <> (SELECT shop_id FROM orders_warehouse WHERE id = NEW.warehouse_id) THEN
            RAISE EXCEPTION 'a product names a warehouse of its own shop' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
    ),
)
# Legs may be written one after another; at the commit every posting has to sum to zero per currency.
attach(
    Leg,
    pgtrigger.Trigger(
        name="balanced",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        func="""
        IF EXISTS (
            SELECT 1 FROM orders_leg WHERE posting_id = NEW.posting_id GROUP BY currency HAVING sum(amount) <> 0
        ) THEN
            RAISE EXCEPTION 'posting % does not sum to zero', NEW.posting_id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
        """,
    ),
)
