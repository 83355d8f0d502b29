"""Room hotline/alarms: what became of alarms."""

from typing import ClassVar

from store.facts import Fact


class AlarmRaised(Fact):
    """Something a person has to look at; `alarm` is a word of `hotline.alarms.words`."""

    kind: ClassVar[str] = "alarm_raised"
    alarm: str
    about: str


class AlarmCleared(Fact):
    """It is well again, or an event has not come again for long."""

    kind: ClassVar[str] = "alarm_cleared"
    alarm: str
    about: str
