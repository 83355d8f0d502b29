"""Room hotline/probe: the way a citizen takes, and what of it a test call must have met."""

from collections.abc import Sequence
from functools import cached_property

from hotline.flows import checked, flow_file
from hotline.installation import Installation
from simulator.ears import HEARD, heard_file, likeness, track_file
from simulator.person import Person
from telephony.ivr.flow import Flow
from telephony.ivr.nodes import HangUp, Message
from telephony.ivr.prompts import missing, sounds
from telephony.ivr.shelf import Shelf
from telephony.ivr.source import FlowBroken

MESSAGE = "message"


class Way:
    """The flow of this installation, and the prompts it speaks with."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._files = sounds("zh", installation.own_sounds)

    def wrong(self) -> list[str]:
        """What is wrong before anybody dials: a flow that no start would take, sounds not there."""
        found = [f"流程有误 / the flow is wrong: {mistake}" for mistake in self._mistakes]
        if Shelf(self._installation.folder).in_force is None:
            found.append("没有生效的流程 / no flow is in force")
        played = self._installation.folder.sounds / "zh"
        gone = {name for name in self._files if not (played / f"{name}.wav").is_file()}
        gone |= set(missing(self._installation.own_sounds))
        return found + [f"缺少语音 / no sound: {name}" for name in sorted(gone)]

    def not_led(self, nodes: Sequence[tuple[str, str]]) -> list[str]:
        """The caller began in the version in force; `nodes`: (version, node) as they came."""
        version = Shelf(self._installation.folder).in_force
        if nodes and nodes[0][0] == version:
            return []
        return [f"来电未经生效的流程 / not led by the flow in force ({version}): {nodes[:1]}"]

    def ends_without_a_person(self, nodes: Sequence[str]) -> bool:
        """At this hour the flow lets everybody leave a message, or says goodbye."""
        ends = self._flow.nodes if self._flow else {}
        return any(isinstance(ends.get(node), Message | HangUp) for node in nodes)

    def not_heard(self, caller: Person, *prompts: str) -> list[str]:
        """Which of these (or of the flow's first ones) were not in the caller's ear."""
        files = caller.heard()
        ear = heard_file(files[-1]) if files else None
        return [
            f"来电人未听到 / the caller did not hear: {prompt}"
            for prompt in prompts or self._first
            if ear is None
            or prompt not in self._files
            or likeness(ear, track_file(self._files[prompt], 0).samples) < HEARD
        ]

    @property
    def _first(self) -> list[str]:
        return self._flow.nodes[self._flow.start].prompts() if self._flow else ["greeting"]

    @property
    def _flow(self) -> Flow | None:
        return self._read[0]

    @property
    def _mistakes(self) -> list[str]:
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[Flow | None, list[str]]:
        try:
            return checked(self._installation, flow_file(self._installation)), []
        except FlowBroken as broken:
            return None, [str(mistake) for mistake in broken.mistakes]
