"""JSON Schemas of what declarations name."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from handlers.operations import Answer

REFERENCE = "#/components/schemas/{name}"


class Schemas:
    """The schemas of some types, which refer to `components`."""

    def __init__(self, declared: Iterable[Answer]) -> None:
        self._types = list({str(one): one for answer in declared for one in _types(answer)}.values())
        schemas, self.components = msgspec.json.schema_components(self._types, ref_template=REFERENCE)
        self._schemas = {str(one): schema for one, schema in zip(self._types, schemas, strict=True)}
        for component in self.components.values():
            if "description" in component:
                component["description"] = inspect.cleandoc(component["description"])

    def of(self, declared: Answer) -> dict[str, Any]:
        """Return the schema of a type or of an object with such fields."""
        if isinstance(declared, Mapping):
            return object_of({name: self.of(one) for name, one in declared.items()})
        if isinstance(declared, tuple):
            return {"anyOf": [self.of(one) for one in declared]}
        return self._schemas[str(declared)]

    def resolved(self, declared: Answer) -> dict[str, Any]:
        """Return the schema itself where `of` refers to a component."""
        schema = self.of(declared)
        return self.components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def fields(self, shape: type[msgspec.Struct]) -> Iterator[tuple[str, dict[str, Any], bool]]:
        """Yield name, schema and whether it is required, of each field."""
        component = self.resolved(shape)
        for name, schema in component["properties"].items():
            yield name, schema, name in component["required"]


def object_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all these."""
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _types(declared: Answer) -> Iterator[Any]:
    if isinstance(declared, Mapping | tuple):
        for one in declared.values() if isinstance(declared, Mapping) else declared:
            yield from _types(one)
    else:
        yield declared
