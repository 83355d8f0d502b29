"""Room telephony/bridge: why a command can be refused, in words for the person who asked."""

from enum import StrEnum


class Refusal(StrEnum):
    CALL_OVER = "call_over"
    UNKNOWN_CALL = "unknown_call"
    UNKNOWN_UNIT = "unknown_unit"
    NOBODY_ON_DUTY = "nobody_on_duty"
    ALREADY_CONNECTING = "already_connecting"
    LIAISON_BUSY = "liaison_busy"
    NUMBER_IS_CALLER = "number_is_caller"
    NUMBER_NOT_ALLOWED = "number_not_allowed"
    NO_SUCH_PARTY = "no_such_party"
    NO_OPERATOR = "no_operator"
    BAD_COMMAND = "bad_command"
    NOT_CARRIED_OUT = "not_carried_out"


WORDS: dict[Refusal, str] = {
    Refusal.CALL_OVER: "通话已结束",
    Refusal.UNKNOWN_CALL: "没有这个通话",
    Refusal.UNKNOWN_UNIT: "没有这个承办单位",
    Refusal.NOBODY_ON_DUTY: "该单位此时无人值班",
    Refusal.ALREADY_CONNECTING: "正在连线该单位",
    Refusal.LIAISON_BUSY: "联络员正在另一个通话中",
    Refusal.NUMBER_IS_CALLER: "联络员号码与来电号码相同",
    Refusal.NUMBER_NOT_ALLOWED: "该号码不在允许拨打的范围内",
    Refusal.NO_SUCH_PARTY: "通话中没有这一方",
    Refusal.NO_OPERATOR: "通话中没有话务员",
    Refusal.BAD_COMMAND: "指令内容有误",
    Refusal.NOT_CARRIED_OUT: "交换机未执行该指令",
}
