"""Room casework/duty: what is wrong with a roster file, in words its writer understands."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """`row` is like `shifts[3]`, the first row being 1; `line` counts from 1, 0 if unknown."""

    row: str
    field: str
    text: str
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.row}.{self.field}" if self.field else self.row
        return f"第 {self.line} 行 / line {self.line}, {place}: {self.text}"


class RosterWrong(ValueError):
    """The file was refused; nothing was changed. `problems` are in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class WrongField(ValueError):
    """One field cannot be read; the message says why, in Chinese and English."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
