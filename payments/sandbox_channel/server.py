"""The channel's door: HTTP in, HTTP out, and no patience with requests of the wrong shape."""

import logging
import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from payments.sandbox_channel.api import Channel, Reply, Request, as_json, problem
from payments.sandbox_channel.reading import Refusal

log = logging.getLogger(__name__)
LARGEST_BODY = 64 * 1024
# Too large a body is read and thrown away up to here: a sender that is cut off would not see why.
PATIENCE = 1024 * 1024


class ChannelServer(ThreadingHTTPServer):
    """Raises OSError when the address is taken."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], channel: Channel) -> None:
        self.channel = channel
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's own, which asks the resolver for this machine's name and may wait for it.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone, mostly because a fault made it wait: nothing to report."""
        log.debug("A connection ended early.")


class Handler(BaseHTTPRequestHandler):
    server: ChannelServer
    protocol_version = "HTTP/1.1"
    server_version = "sandbox-channel"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        reply: Reply | None
        try:
            body = self._body()
        except Refusal as refusal:
            reply = problem(refusal)
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = self.server.channel.answer(Request(self.command, self.path, headers, body))
        if reply is None:
            self._hang_up()
        else:
            self._send(reply)

    do_POST = do_DELETE = do_PUT = do_PATCH = do_GET

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library would say in HTML about an unreadable request, in JSON."""
        code = 405 if code == 501 else code
        # An unreadable request line counts as HTTP/0.9, whose answers have no status.
        self.request_version = self.protocol_version
        self._send(as_json({"error": "bad_request", "message": message or "Unreadable."}, code))

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _body(self) -> bytes:
        """The body, whole; raises Refusal when its length is missing, unreadable, too large or not what came."""
        if "Transfer-Encoding" in self.headers:
            raise Refusal(411, "length_required", "Send the body in one piece, with its length.")
        length = self.headers.get("Content-Length", "0").strip()
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            raise Refusal(400, "bad_length", "Content-Length should be a whole number.")
        if int(length) > LARGEST_BODY:
            self._swallow(int(length))
            raise Refusal(413, "too_large", f"A body has at most {LARGEST_BODY} bytes.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refusal(400, "bad_length", "The body is shorter than its length.")
        return body

    def _swallow(self, length: int) -> None:
        left = min(length, PATIENCE)
        while left > 0 and (read := self.rfile.read(min(left, LARGEST_BODY))):
            left -= len(read)

    def _send(self, reply: Reply) -> None:
        self.close_connection = True
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
