"""A real SMTP server, run as a process: keeps what it takes as files, and misbehaves as faults.json says.

fault: {"kind": "recipient" | "busy" | "content" | "drop" | "drop_after" | "slow", "times": number or null for ever}
"""

import asyncio
import json
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP


class Postman:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self._faulty("recipient"):
            return "550 5.1.1 no such mailbox here"
        if self._faulty("busy"):
            return "451 4.3.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self._faulty("content"):
            return "554 5.7.1 we do not like it"
        if self._faulty("drop"):
            server.transport.abort()
            return "250 never heard"
        if self._faulty("slow"):
            await asyncio.sleep(2)
        number = len(list(self.folder.glob("*.eml")))
        unfinished = self.folder / f"{number:04}.part"
        unfinished.write_bytes(envelope.content)
        unfinished.rename(unfinished.with_suffix(".eml"))
        if self._faulty("drop_after"):
            server.transport.abort()
        return "250 taken"

    def _faulty(self, kind: str) -> bool:
        path = self.folder / "faults.json"
        fault = json.loads(path.read_text()) if path.exists() else {}
        if fault.get("kind") != kind or fault["times"] == 0:
            return False
        if fault["times"] is not None:
            path.write_text(json.dumps({**fault, "times": fault["times"] - 1}))
        return True


async def main(folder: Path, port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Postman(folder), enable_SMTPUTF8=True), "127.0.0.1", port)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
