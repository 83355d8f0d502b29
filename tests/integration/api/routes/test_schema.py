"""Generated requests against the served application: no 5xx, and every answer as documented."""

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.openapi import document_data
from tests.integration.api.routes.world import world_in_a_thread

SCHEMA = schemathesis.openapi.from_dict(document_data())
# Signing out would end the token all others use.
ASKED = SCHEMA.exclude(operation_id="sign_out")
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, requests.Session]]:
    with (
        world_in_a_thread(tmp_path_factory.mktemp("world")) as (address, token),
        requests.Session() as session,
    ):
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"
        yield f"http://{address}", session


@ASKED.parametrize()
@settings(
    max_examples=20, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_nothing_generated_breaks_it(
    case: schemathesis.Case, signed_in: tuple[str, requests.Session]
) -> None:
    address, session = signed_in
    case.headers.pop("Authorization", None)
    answer = case.call(base_url=address, session=session)
    case.validate_response(answer, checks=CHECKS)
