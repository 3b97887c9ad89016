"""python -m payments.sandbox_channel --port 8090 --store FILE.sqlite --secret S [--lax] [--host 127.0.0.1]"""

import argparse
import os
import signal
import sqlite3
import sys
from types import FrameType

from payments.sandbox_channel.api import Channel
from payments.sandbox_channel.server import ChannelServer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m payments.sandbox_channel", description="The sandbox channel.")
    parser.add_argument("--host", default="127.0.0.1", help="faults and ledger are open to whoever can connect")
    parser.add_argument("--port", type=int, default=8090, help="0 picks a free one")
    parser.add_argument("--store", required=True, help="the file of the channel's books")
    parser.add_argument("--secret", default=os.environ.get("SANDBOX_SECRET"), help="or $SANDBOX_SECRET")
    parser.add_argument("--public-url", default="", help="where a buyer's browser finds this channel, if elsewhere")
    parser.add_argument("--lax", action="store_true", help="pay refunds whatever they add up to")
    parsed = parser.parse_args()
    if not parsed.secret:
        parser.error("--secret or $SANDBOX_SECRET is needed")
    return parsed


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    asked = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    public_url = asked.public_url.rstrip("/")
    try:
        channel = Channel(asked.store, secret=asked.secret, lax=asked.lax, public_url=public_url)
        server = ChannelServer((asked.host, asked.port), channel)
    except (OSError, OverflowError, sqlite3.Error) as error:
        sys.exit(f"The sandbox channel cannot start: {error}")
    sys.stdout.write(f"sandbox channel on http://{asked.host}:{server.server_port}\n")
    sys.stdout.flush()
    # What is worth keeping is committed already; every other thread is a daemon and ends with this one.
    server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()
