"""The REST calls as an OpenAPI 3.1 document, made of what their handlers declare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from handlers.documents.schemas import Schemas, object_of
from handlers.operations import Operation, operations_of
from server.auth.access import Access
from server.errors import ErrorCode

Json = dict[str, Any]
Rows = Sequence[tuple[str, type]]
"""Patterns of paths below ``/api`` with their handlers."""

_ERROR = {"$ref": "#/components/schemas/Error"}
_REFUSAL = {"anyOf": [_ERROR, {"$ref": "#/components/schemas/OriginRefusal"}]}
_GROUP = re.compile(r"\([^()]*\)")
_ABOUT = (
    "Answers are `{code, message, data}`; errors carry `data.error`, one of a closed list, and `message` is for "
    "people, in the language of Accept-Language. Times are ISO 8601 with offset."
)


def openapi(rows: Rows, at_root: Rows, version: str) -> Json:
    """Return the document of these calls: each is served under both servers, those ``at_root`` there alone."""
    calls = [
        (pattern, handler, method, operation)
        for pattern, handler in (*rows, *at_root)
        for method, operation in operations_of(handler).items()
    ]
    schemas = Schemas(one for *_, operation in calls for one in _declared(operation))
    paths: Json = {}
    for pattern, handler, method, operation in calls:
        path = path_template(pattern, operation.path_parameters)
        call = paths.setdefault(path, {})[method] = _call(path, method, handler, operation, schemas)
        if (pattern, handler) in at_root:
            call["servers"] = [{"url": "/"}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Stock Insight", "version": version, "description": _ABOUT},
        "servers": [{"url": "/api"}, {"url": "/api/v1"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(path) for path in paths)],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Error": _error_schema(), "OriginRefusal": _origin_refusal()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "stock_insight_session"},
            },
        },
    }


def path_template(pattern: str, names: Iterable[str]) -> str:
    """Return a pattern of the URL table with names in the places of its groups."""
    given = iter(names)
    return _GROUP.sub(lambda _: f"{{{next(given)}}}", pattern).replace("\\", "")


def _declared(operation: Operation) -> Iterator[Any]:
    yield from filter(None, (operation.body, operation.query, operation.form))
    yield operation.answers


def _call(path: str, method: str, handler: type, operation: Operation, schemas: Schemas) -> Json:
    access = _access(handler, method)
    call: Json = {
        "operationId": f"{method}{re.sub(r'[^A-Za-z0-9]+', '_', path)}".rstrip("_"),
        "tags": [_tag(path)],
        "summary": operation.summary.rstrip("."),
        "description": f"For {access.value}.",
        "security": _security(access, method),
        "parameters": [*_parameters(operation, schemas)],
        "responses": _responses(access, operation, schemas),
    }
    for media_type, shape in (("application/json", operation.body), ("multipart/form-data", operation.form)):
        if shape is not None:
            content = {media_type: {"schema": schemas.of(shape)}}
            call["requestBody"] = {"required": _is_needed(shape, schemas), "content": content}
    return call


def _access(handler: Any, method: str) -> Access:
    """Return who may call a method of a handler."""
    rule: Access = handler.access_by_method.get(method.upper(), handler.access)
    return rule


def _tag(path: str) -> str:
    return path.split("/")[1]


def _is_needed(shape: type, schemas: Schemas) -> bool:
    """Tell whether the body has to be there: an absent one counts as an empty object."""
    return any(required for _, _, required in schemas.fields(shape))


def _security(access: Access, method: str) -> list[Json]:
    if access is Access.PUBLIC:
        return []
    return [{"bearer": []}, *([{"cookie": []}] if method == "get" else [])]


def _parameters(operation: Operation, schemas: Schemas) -> Iterator[Json]:
    for name in operation.path_parameters:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if operation.query is not None:
        for name, schema, required in schemas.fields(operation.query):
            yield {"name": name, "in": "query", "required": required, "schema": schema}
    for name in operation.headers:
        yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _responses(access: Access, operation: Operation, schemas: Schemas) -> Json:
    statuses: dict[int, list[str]] = {403: ["a foreign Origin"]}
    for code in _errors(access, operation):
        statuses.setdefault(code.status, []).append(f"`{code.slug}`")
    responses: Json = {}
    for status, slugs in statuses.items():
        shown = _REFUSAL if status == 403 else _ERROR
        responses[str(status)] = {"description": ", ".join(slugs), **_content(shown)}
    for status in (operation.status, *operation.also):
        responses[str(status)] = _answer(operation, status, schemas)
    return dict(sorted(responses.items()))


def _errors(access: Access, operation: Operation) -> list[ErrorCode]:
    """Return what may go wrong, each code once: what the declaration implies, and what it says."""
    errors = [ErrorCode.PAYLOAD_TOO_LARGE, ErrorCode.RATE_LIMITED, ErrorCode.INTERNAL, ErrorCode.UNAVAILABLE]
    if operation.body or operation.query or operation.form or operation.path_parameters:
        errors.append(ErrorCode.INVALID_INPUT)
    if operation.path_parameters:
        errors.append(ErrorCode.NOT_FOUND)
    if access is not Access.PUBLIC:
        errors.append(ErrorCode.UNAUTHORIZED)
    if access is Access.OPERATOR:
        errors.append(ErrorCode.FORBIDDEN)
    return list(dict.fromkeys((*errors, *operation.errors)))


def _answer(operation: Operation, status: int, schemas: Schemas) -> Json:
    if operation.media_type is not None and operation.answers is None:
        return {"description": "The bytes.", "content": {operation.media_type: {}}}
    data = schemas.of(operation.answers)
    if operation.media_type is not None:
        return {"description": "Without the envelope.", **_content(data)}
    envelope = object_of({"code": {"const": status}, "message": {"type": "string"}, "data": data})
    return {"description": "Done.", **_content(envelope)}


def _content(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def _origin_refusal() -> Json:
    """Return what a foreign Origin is told, as at every door; see `refusal_body`."""
    return object_of({"code": {"const": 4}, "message": {"type": "string"}})


def _error_schema() -> Json:
    slug = {"enum": [code.slug for code in ErrorCode]}
    data = object_of({"error": slug})
    data["properties"]["retry_after"] = {"type": "number", "description": "Seconds until it may be done again."}
    return object_of({"code": {"type": "integer"}, "message": {"type": "string"}, "data": data})
