"""Room simulator: an operator's or auditor's hands: the hotline's own HTTP interface."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx


class DeskError(AssertionError):
    """The hotline answered otherwise than the story says."""


class Desk:
    """One signed-in person. `async with Desk(address) as desk: await desk.sign_in(…)`."""

    def __init__(self, address: str) -> None:
        self._client = httpx.AsyncClient(base_url=address, timeout=20, trust_env=False)

    async def __aenter__(self) -> "Desk":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sign_in(self, username: str, password: str) -> None:
        body = {"username": username, "password": password}
        answer = await self._client.post("/api/v1/sign-in", json=body)
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path below /api/v1; `DeskError` tells the problem."""
        answer = await self._client.get(f"/api/v1{path}", params=query)
        if answer.is_error:
            raise DeskError(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def do(self, path: str, **body: Any) -> dict[str, Any]:
        """Ask for something and wait until the controller has answered."""
        answer = await self._client.post(
            f"/api/v1{path}", json=body, headers={"Idempotency-Key": uuid4().hex}
        )
        if answer.is_error:
            raise DeskError(f"{path}: {answer.status_code} {answer.text}")
        command_id = answer.json()["command_id"]

        async def answered() -> dict[str, Any] | None:
            command: dict[str, Any] = await self.get(f"/commands/{command_id}")
            return command if command["state"] not in ("asked", "doing") else None

        command = await self.until(answered, 15, path)
        if command["state"] != "done":
            raise DeskError(f"{path}: {command['state']} {command['reason']}")
        return dict(command)

    async def live_call(self, within: float = 20) -> str:
        """The id of the call that is going on, once an operator talks in it."""

        async def talking() -> str | None:
            for call in (await self.get("/calls", stage="live"))["calls"]:
                if call["operator_at"]:
                    return str(call["call_id"])
            return None

        return str(await self.until(talking, within, "a live call"))

    async def until_in_room(self, call_id: str, *roles: str, within: float = 20) -> None:
        """Return once exactly these are in the three-way call."""

        async def there() -> bool:
            parties = await self.get(f"/calls/{call_id}/parties")
            found = {p["role"] for p in parties if p["place"] == "room" and not p["ended_at"]}
            return found == set(roles)

        await self.until(there, within, f"{', '.join(roles)} in one room")

    async def ticket_of(self, call_id: str, within: float = 180) -> dict[str, Any]:
        """The call's ticket, once its transcript is in it."""

        async def done() -> dict[str, Any] | None:
            tickets = (await self.get("/tickets", call_id=call_id))["tickets"]
            return next((t for t in tickets if t["transcript_state"] == "done"), None)

        return dict(await self.until(done, within, "the ticket with its transcript"))

    @staticmethod
    async def until(condition: Callable[[], Any], within: float, what: str) -> Any:
        try:
            async with asyncio.timeout(within):
                while not (value := await condition()):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise DeskError(f"not within {within:.0f} s: {what}") from None
        return value
