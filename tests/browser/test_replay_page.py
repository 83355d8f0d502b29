"""The replay page in a real browser: sign in, hear, seek, read along, sign out."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from api.accounts import add_user
from store.database import Database
from tests.integration.api.routes.world import CALL, World, served

PASSWORD = "correct horse"
ARGUMENTS = [
    "--no-sandbox", "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]  # fmt: skip


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    found = shutil.which("chromium")
    assert found, "the browser tests need Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    await database.create_all()
    world = World(database, tmp_path / "archive")
    await world.given_everything()
    async with database.transaction() as session:
        for name in ("auditor", "operator"):
            await add_user(session, f"{name}.li", name="李", role=name, password=PASSWORD)
    yield world
    await database.close()


@pytest.fixture
async def page(world: World, browser: Browser) -> AsyncIterator[Page]:
    """At the sign-in form; fails at the end on any error the page logged."""
    wrong: list[str] = []
    async with served(world.app) as address:
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        await page.goto(f"http://{address}/replay/{CALL}")
        yield page
        await page.close()
    # A refused request is logged by the browser itself; everything else is a mistake.
    assert [text for text in wrong if "status of 40" not in text] == []


async def _sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    await page.locator("input[name=username]").fill(username)
    await page.locator("input[name=password]").fill(password)
    await page.locator("form button").click()


async def _time(page: Page, role: str) -> float:
    return float(
        await page.evaluate(f"document.querySelector('audio[data-role={role}]').currentTime")
    )


async def _until_time_is_over(page: Page, role: str, seconds: float) -> None:
    async with asyncio.timeout(10):
        while await _time(page, role) <= seconds:
            await asyncio.sleep(0.05)


async def test_an_auditor_hears_each_track_and_reads_along(page: Page, world: World) -> None:
    await _sign_in(page, "auditor.li")
    await expect(page.locator("#state")).to_contain_text("已核对")
    await expect(page.locator("audio")).to_have_count(3)
    manifest = (await world.facts("recording_sealed"))[0]["manifest_sha256"]
    await expect(page.locator("#proof")).to_contain_text(manifest)

    for role in ("mix", "citizen", "operator"):
        await page.locator(f"audio[data-role={role}]").evaluate("audio => audio.play()")
        await _until_time_is_over(page, role, 0.2)
    playing = "Array.from(document.querySelectorAll('audio')).filter(a => !a.paused).length"
    assert await page.evaluate(playing) == 1, "one at a time"

    await page.locator("audio[data-role=operator]").evaluate("audio => audio.pause()")
    said = page.locator(".said").nth(1)
    await expect(said).to_contain_text("请问在哪里")
    await said.click()
    await _until_time_is_over(page, "mix", 3.2)
    assert await _time(page, "mix") < 5.5
    await expect(said).to_have_class("said now")
    if folder := os.environ.get("HOTLINE_PICTURES"):
        await page.screenshot(path=Path(folder) / "replay.png", full_page=True)

    opened = [(row["what"], row["file"]) for row in await world.facts("recording_opened")]
    assert {what for what, _ in opened} == {"manifest", "mix", "track", "transcript"}


async def test_signing_out_forgets_everything(page: Page) -> None:
    await _sign_in(page, "auditor.li")
    await expect(page.locator("audio")).to_have_count(3)
    await page.locator("#sign-out").click()
    await expect(page.locator("#sign-in")).to_be_visible()
    await expect(page.locator("audio")).to_have_count(0)
    await page.reload()
    await expect(page.locator("#sign-in")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_a_wrong_password_and_a_wrong_role_are_told(page: Page) -> None:
    await _sign_in(page, "auditor.li", "wrong one")
    await expect(page.locator("#problem")).to_contain_text("用户名或密码错误")
    await _sign_in(page, "operator.li")
    await expect(page.locator("#problem")).to_contain_text("无权限")
    await expect(page.locator("main")).to_be_hidden()


async def test_a_changed_recording_is_shown_as_changed(page: Page, world: World) -> None:
    track = next(world.archive.glob("*/*/*/*/01-citizen.flac"))
    track.chmod(0o600)
    content = bytearray(track.read_bytes())
    content[-1] ^= 1
    track.write_bytes(content)
    await _sign_in(page, "auditor.li")
    await expect(page.locator("#state.bad")).to_contain_text("01-citizen.flac: 内容被改动")
