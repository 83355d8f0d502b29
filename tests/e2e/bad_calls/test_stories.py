"""The page, the list and the tests of bad calls are one."""

import ast
from pathlib import Path

from tests.e2e.bad_calls.stories import PAGE, STORIES, written

HERE = Path(__file__).parent


def there_are() -> set[tuple[str, str]]:
    return {
        (path.stem.removeprefix("test_"), node.name.removeprefix("test_"))
        for path in HERE.glob("test_*.py")
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_story_has_its_test_and_every_test_its_story() -> None:
    told = [(story.file, story.test) for story in STORIES]
    assert len(told) == len(set(told))
    assert set(told) == there_are()


def test_the_page_is_the_list() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page)
