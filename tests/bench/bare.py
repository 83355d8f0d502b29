"""A bare Asterisk: the same program, modules and settings, a static dialplan, no controller.

It answers, records (MixMonitor, one file of what the caller says), plays the same
notice and queues; nobody is signed in there, so a message is taken.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.stage import Stage, given_stage

DIALPLAN = """
[dial_in]
exten => 12345,1,Answer()
 same => n,Set(SINCE=${{STRFTIME(,UTC,%s%3q)}})
 same => n,MixMonitor(,r({inside}/spool/calls/${{UNIQUEID}}/citizen~${{SINCE}}~said.wav))
 same => n,Playback({inside}/sounds/zh/notice)
 same => n,Queue(hotline,c,,,300)
 same => n,Playback({inside}/sounds/zh/message&{inside}/sounds/zh/beep)
 same => n,Read(END,,1,,1,120)
 same => n,Hangup()

; Asks for a key, and says that it was a wrong one: what [connect] does, and nothing beside.
[ask_for_key]
exten => s,1,Answer()
 same => n,Read(KEY,{inside}/sounds/zh/liaison_invite,1,,1,20)
 same => n,Playback({inside}/sounds/zh/liaison_wrong_key)
 same => n,Read(KEY,{inside}/sounds/zh/liaison_invite,1,,1,20)
 same => n,Hangup()

[desk]
exten => _X.,1,Hangup()
"""


async def make_bare(stage: Stage) -> None:
    """Swap the dialplan for the static one, and switch the events' file off."""
    folder = stage.installation.folder
    folder.write(folder.etc / "extensions.conf", DIALPLAN.format(inside=folder.inside))
    await stage.pbx.command("dialplan reload")
    await stage.pbx.command("module unload cel_custom.so")


@asynccontextmanager
async def given_bare(**settings: object) -> AsyncIterator[Stage]:
    """A stage with the bare Asterisk."""
    async with given_stage(notice="whole", controller="none", **settings) as stage:  # type: ignore[arg-type]
        await make_bare(stage)
        yield stage
