"""What the database does about users by itself, and refuses of what staff changed. Imported once,
by AppConfig.ready()."""

import pgtrigger

from aftersales.changes.models import Change
from aftersales.lifecycle.guards import append_only, attach
from aftersales.models import User

append_only(Change)
_RIGHTS = ("is_active", "is_staff", "is_superuser", "is_customer_service", "is_supervisor", "is_auditor")
_BEFORE, _AFTER = (", ".join(f"{row}.{name}" for name in _RIGHTS) for row in ("OLD", "NEW"))
# Whoever writes a person's rights, in whichever way, ends their sessions; a row read before takes nothing back.
attach(
    User,
    pgtrigger.Trigger(
        name="rights_version",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"""
        NEW.rights_version := greatest(NEW.rights_version, OLD.rights_version);
        IF ({_BEFORE}) IS DISTINCT FROM ({_AFTER}) THEN
            NEW.rights_version := NEW.rights_version + 1;
        END IF;
        RETURN NEW;
        """,
    ),
)
