"""The API described by itself: what drf-spectacular must know, and a page people can read.

Importing this registers the bearer scheme and closes every object (``additionalProperties:
false``). The page at ``docs/`` is plain HTML made from the schema, so a strict CSP holds. Example:
each path is listed with its scope, its fields and the problems it may answer.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from benchserver.portal.problems import TITLES

METHODS = ("get", "post", "patch", "put", "delete")


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "benchserver.portal.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class ClosedObjects(OpenApiSerializerExtension):
    target_class = "benchserver.portal.serializers.Closed"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return schema | {"additionalProperties": False}


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The schema as a readable page; no login."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    context = {"operations": operations(schema), "problems": sorted(TITLES.items())}
    return render(request, "portal/docs.html", context)


def operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per method and path, in path order, with references resolved."""
    return [
        _operation(schema, path, method, item[method])
        for path, item in schema["paths"].items()
        for method in METHODS
        if method in item
    ]


def _operation(
    schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> dict[str, Any]:
    answers, problems = [], []
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            problems.append(status)
            continue
        answers.append({"status": status, **_answer(schema, _body(answer))})
    text, _, scope = operation.get("description", "").partition(" Scope: ")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "text": text,
        "scope": scope.strip("`."),
        "body": _fields(schema, _body(operation.get("requestBody", {}))),
        "parameters": operation.get("parameters", []),
        "answers": answers,
        "problems": problems,
    }


def _answer(schema: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The fields of an answer; of a page, those of each of its results."""
    results = _resolve(schema, body).get("properties", {}).get("results")
    if results is None:
        return {"paged": False, "fields": _fields(schema, body)}
    return {"paged": True, "fields": _fields(schema, results["items"])}


def _body(holder: dict[str, Any]) -> dict[str, Any]:
    content = holder.get("content", {})
    body: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return body


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node behind ``$ref``, ``allOf`` or the non-null branch of ``oneOf``."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        found: dict[str, Any] = schema["components"]["schemas"][name]
        return _resolve(schema, found)
    for key in ("allOf", "oneOf", "anyOf"):
        for branch in node.get(key, []):
            if branch.get("type") != "null":
                return _resolve(schema, branch) | {
                    k: v for k, v in node.items() if k == "description"
                }
    return node


def _fields(schema: dict[str, Any], node: dict[str, Any]) -> list[dict[str, str]]:
    whole = _resolve(schema, node)
    needed = set(whole.get("required", []))
    return [
        {
            "name": name,
            "kind": _kind(schema, inner),
            "needed": "" if name in needed else "optional",
            "text": _resolve(schema, inner).get("description", ""),
        }
        for name, inner in whole.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any], node: dict[str, Any]) -> str:
    """A field's type in words: ``list of string``, ``integer or null``, ``active, paused``."""
    inner = _resolve(schema, node)
    if "enum" in inner:
        return "one of " + ", ".join(str(value) for value in inner["enum"])
    kind = inner.get("type", "any JSON")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return "list of " + _kind(schema, inner.get("items", {}))
    if kind == "object" and inner.get("properties"):
        return "{" + ", ".join(inner["properties"]) + "}"
    return str(inner.get("format", kind))
