"""The document of the interface: up to date, complete, and its examples true."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api.app import all_routes
from api.describing import PROBLEM
from api.examples import ANSWERS
from api.openapi import document, document_data, example_app
from api.permissions import MATRIX

KEPT = Path(__file__).parents[3] / "docs" / "openapi.json"
MODELS: dict[str, Any] = {
    route.name: route.response_model
    for route in all_routes(example_app().routes)
    if isinstance(route, APIRoute) and route.response_model is not None
}


def _operations() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document_data()["paths"].values()
        for operation in path.values()
    }


def test_the_kept_document_is_the_one_made_now() -> None:
    assert KEPT.read_text("utf-8") == document(), "run `make openapi`"


def test_every_json_answer_has_an_example_and_every_problem_its_form() -> None:
    for name, operation in _operations().items():
        assert operation.get("summary"), name
        for status, answer in operation["responses"].items():
            content = answer.get("content", {})
            if status.startswith("2"):
                assert name not in ANSWERS or "example" in content["application/json"], name
            elif name != "health":
                assert list(content) == [PROBLEM], f"{name} {status}"
                assert content[PROBLEM]["example"]["status"] == int(status)


def test_every_bounded_route_says_401_and_403() -> None:
    for name, operation in _operations().items():
        assert ({"401", "403"} <= set(operation["responses"])) is (MATRIX[name] is not None), name


def test_every_route_that_answers_in_json_has_an_example() -> None:
    assert set(MODELS) | {"health"} == set(ANSWERS)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_example_is_an_answer_the_route_could_give(name: str) -> None:
    adapter = TypeAdapter(MODELS[name])
    read = adapter.validate_python(ANSWERS[name])
    again = adapter.dump_python(read, mode="json")
    assert _keys(again) == _keys(ANSWERS[name]), "no field too many, none missing"


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_keys(inner) for inner in value]
    return None
