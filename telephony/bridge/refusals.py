"""Room telephony/bridge: why a command can be refused, in words for the person who asked."""

from enum import StrEnum


class Refusal(StrEnum):
    CALL_OVER = "call_over"
    UNKNOWN_CALL = "unknown_call"
    UNKNOWN_UNIT = "unknown_unit"
    NOBODY_ON_DUTY = "nobody_on_duty"
    ALREADY_CONNECTING = "already_connecting"
    ALREADY_THERE = "already_there"
    CLOSED = "closed"
    LIAISON_BUSY = "liaison_busy"
    NUMBER_IS_CALLER = "number_is_caller"
    NUMBER_NOT_ALLOWED = "number_not_allowed"
    NO_SUCH_PARTY = "no_such_party"
    NOT_YOUR_CALL = "not_your_call"
    NO_OPERATOR = "no_operator"
    CITIZEN_ON_LINE = "citizen_on_line"
    OPERATOR_BUSY = "operator_busy"
    NOT_SIGNED_IN = "not_signed_in"
    BAD_COMMAND = "bad_command"
    NOT_CARRIED_OUT = "not_carried_out"


WORDS: dict[Refusal, str] = {
    Refusal.CALL_OVER: "通话已结束",
    Refusal.UNKNOWN_CALL: "没有这个通话",
    Refusal.UNKNOWN_UNIT: "没有这个承办单位",
    Refusal.NOBODY_ON_DUTY: "该单位此时无人值班",
    Refusal.ALREADY_CONNECTING: "正在连线该单位",
    Refusal.ALREADY_THERE: "该单位已在通话中",
    Refusal.CLOSED: "该单位现在不在服务时间，也没有可转接的后备单位",
    Refusal.LIAISON_BUSY: "联络员正在另一个通话中",
    Refusal.NUMBER_IS_CALLER: "联络员号码与来电号码相同",
    Refusal.NUMBER_NOT_ALLOWED: "该号码不在允许拨打的范围内",
    Refusal.NO_SUCH_PARTY: "通话中没有这一方",
    Refusal.NOT_YOUR_CALL: "只有本通话的话务员或班长可以操作",
    Refusal.NO_OPERATOR: "通话中没有话务员",
    Refusal.CITIZEN_ON_LINE: "该市民正在通话中",
    Refusal.OPERATOR_BUSY: "该分机正在通话中",
    Refusal.NOT_SIGNED_IN: "该分机尚未签入",
    Refusal.BAD_COMMAND: "指令内容有误",
    Refusal.NOT_CARRIED_OUT: "交换机未执行该指令",
}
