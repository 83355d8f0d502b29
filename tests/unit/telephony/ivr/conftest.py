"""The repository's own flow, checked against the repository's own prompts."""

import re
from pathlib import Path

import pytest

from telephony.ivr.flow import Flow, World
from telephony.ivr.prompts import prompt_texts, seconds_of, sounds
from telephony.ivr.source import read_flow

FLOWS = Path(__file__).parents[4] / "asterisk_conf" / "flows"


@pytest.fixture
def default_flow() -> Flow:
    words = {name: text.zh for name, text in prompt_texts().items()}
    world = World(seconds_of(sounds("zh", None)), words, (re.compile("6[0-9]{3}"),))
    return read_flow(FLOWS / "putian.yaml", world)
