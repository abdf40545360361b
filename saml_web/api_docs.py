"""A reference page for an app's JSON API: made on the server from its OpenAPI document, without scripts and without a CDN."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from saml_web.error_pages import API_PREFIX
from saml_web.pages import Pages

DOCS_PATH: Final = f"{API_PREFIX}/docs"

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one property of a JSON body."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an operation answers with."""

    status: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """One named JSON object, or one list of allowed values."""

    name: str
    description: str
    fields: tuple[Field, ...]
    values: tuple[str, ...]


def api_docs_route(pages: Pages, app: FastAPI, *, openapi_url: str) -> Route:
    """Give the route of the reference page of `app`, which links to its machine-readable document at `openapi_url`."""

    async def api_docs(request: Request) -> Response:
        document = app.openapi()
        return pages.render(
            request,
            "api_docs.html",
            api_title=document["info"]["title"],
            api_version=document["info"]["version"],
            api_description=document["info"].get("description", ""),
            openapi_url=openapi_url,
            operations=read_operations(document),
            schemas=read_schemas(document),
        )

    return Route(DOCS_PATH, api_docs, methods=["GET"], name="api_docs")


def read_operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Give every operation of an OpenAPI 3 document, in its own order."""
    return tuple(
        _operation(method, path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    )


def read_schemas(document: Mapping[str, Any]) -> tuple[Schema, ...]:
    """Give every named schema of an OpenAPI 3 document, by name."""
    schemas: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    return tuple(
        Schema(
            name,
            schema.get("description", ""),
            tuple(_properties(schema)),
            tuple(str(value) for value in schema.get("enum", ())),
        )
        for name, schema in sorted(schemas.items())
    )


def kind_of(schema: Mapping[str, Any]) -> str:
    """Give a schema's type in words a programmer reads at a glance: `array of Person`, `string (uri)`, `string or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(kind_of(choice) for choice in schema[key])
    if "const" in schema:
        return repr(schema["const"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"array of {kind_of(schema.get('items', {}))}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _operation(method: str, path: str, item: Mapping[str, Any]) -> Operation:
    parameters = tuple(
        Field(
            f"{parameter['name']} ({parameter['in']})",
            kind_of(parameter.get("schema", {})),
            bool(parameter.get("required")),
            parameter.get("description", ""),
        )
        for parameter in item.get("parameters", ())
    )
    answers = tuple(
        Answer(status, _content_kind(answer), answer.get("description", ""))
        for status, answer in item.get("responses", {}).items()
    )
    return Operation(
        anchor=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        method=method.upper(),
        path=path,
        summary=item.get("summary", ""),
        description=item.get("description", ""),
        parameters=parameters,
        body=_content_kind(item.get("requestBody", {})),
        answers=answers,
    )


def _content_kind(part: Mapping[str, Any]) -> str:
    kinds = (
        f"{media_type}: {kind_of(content.get('schema', {}))}" for media_type, content in part.get("content", {}).items()
    )
    return "; ".join(kinds)


def _properties(schema: Mapping[str, Any]) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        yield Field(name, kind_of(part), name in required, part.get("description", ""))
