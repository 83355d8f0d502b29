"""Room store: how a telephone number may appear in a log line."""


def masked(number: str | None) -> str:
    """`13800000001` → `138****0001`; short or missing numbers show nothing but their length."""
    if not number:
        return "-"
    if len(number) < 7:
        return "*" * len(number)
    return f"{number[:3]}****{number[-4:]}"
