"""How actions are spelt."""

import pytest

from telephony.ami import actions
from telephony.ami.actions import Action, Originate, Redirect, checked

EVERY: list[tuple[Action, str]] = [
    (actions.Hangup("PJSIP/1"), "Hangup"),
    (actions.SetVar("PJSIP/1", "A", "b"), "Setvar"),
    (actions.GetVar("PJSIP/1", "A"), "Getvar"),
    (actions.QueueAdd("q", "PJSIP/1", "1"), "QueueAdd"),
    (actions.QueueRemove("q", "PJSIP/1"), "QueueRemove"),
    (actions.QueuePause("PJSIP/1", True, "q", "lunch"), "QueuePause"),
    (actions.QueuePenalty("PJSIP/1", 3), "QueuePenalty"),
    (actions.QueueStatus(), "QueueStatus"),
    (actions.Status(), "Status"),
    (actions.CoreShowChannels(), "CoreShowChannels"),
    (actions.CoreStatus(), "CoreStatus"),
    (actions.ConfbridgeListRooms(), "ConfbridgeListRooms"),
    (actions.ConfbridgeList("r"), "ConfbridgeList"),
    (actions.ConfbridgeMute("r", "PJSIP/1"), "ConfbridgeMute"),
    (actions.ConfbridgeUnmute("r", "PJSIP/1"), "ConfbridgeUnmute"),
    (actions.ConfbridgeKick("r", "PJSIP/1"), "ConfbridgeKick"),
    (actions.MixMonitorMute("PJSIP/1", True), "MixMonitorMute"),
]


@pytest.mark.parametrize(("action", "name"), EVERY)
def test_each_action_has_its_managers_name(action: Action, name: str) -> None:
    assert checked(action.fields())["Action"] == name


def test_originate_names_its_channel_and_carries_the_call() -> None:
    ring = Originate(channel="PJSIP/6101", channel_id="leg-9", context="liaison",
                     account="pbx-1.2", variables={"__CALL_ID": "pbx-1.2"})  # fmt: skip
    assert ring.fields() == {
        "Action": "Originate", "Channel": "PJSIP/6101", "ChannelId": "leg-9", "Context": "liaison",
        "Exten": "s", "Priority": "1", "Timeout": "20000", "Async": "true", "Account": "pbx-1.2",
        "Variable": ["__CALL_ID=pbx-1.2"],
    }  # fmt: skip


@pytest.mark.parametrize("variables", [{"A": "1,B=2"}, {"A=1,B": "2"}, {"": "x"}, {"SHELL(x)": ""}])
def test_a_variable_cannot_smuggle_in_another(variables: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="variable"):
        Originate(channel="a", channel_id="b", context="c", variables=variables).fields()


def test_redirect_of_two_sends_both_to_the_same_place() -> None:
    fields = Redirect("PJSIP/1", "room", "77", extra_channel="PJSIP/2").fields()
    assert (fields["ExtraChannel"], fields["ExtraContext"], fields["ExtraExten"]) == (
        "PJSIP/2", "room", "77",
    )  # fmt: skip
    assert "ExtraChannel" not in Redirect("PJSIP/1", "room").fields()
