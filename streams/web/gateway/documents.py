"""The documents that say what the gateway and the topics hold: OpenAPI, AsyncAPI and JSON Schemas, made of the models.

References:
    OpenAPI 3.1.0; AsyncAPI 3.0.0; JSON Schema 2020-12.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from models.assessment.discharge import Discharge, Income
from models.catalogue.item import CatalogueItem
from models.charging.encounter import Encounter
from models.reconciling.his_charge import HisCharge
from models.scan.event import ScanEvent, Tick
from models.scan.signatures import SIGNATURE_HEADER
from models.web.gateway import ProblemBody, ScanAccepted, ScanBatch, ScanState, Token, TokenWanted, VerdictBody
from models.wire.topics import (
    CATALOGUE,
    DISCHARGES,
    ENCOUNTERS,
    HIS_CHARGES,
    INCOME,
    PREFIX_DEFAULT,
    SCANS,
    TOPICS,
    VERDICTS,
)

VERSION: Final = "1"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS: Final[dict[str, type[BaseModel]]] = {
    "scan": ScanEvent,
    "tick": Tick,
    "item": CatalogueItem,
    "encounter": Encounter,
    "his-charge": HisCharge,
    "discharge": Discharge,
    "income": Income,
    "verdict": VerdictBody,
    "scan-batch": ScanBatch,
    "scan-accepted": ScanAccepted,
    "scan-state": ScanState,
    "token-wanted": TokenWanted,
    "token": Token,
    "problem": ProblemBody,
}
"""By the name they are served under."""
_ON_TOPICS: Final[dict[str, tuple[str, ...]]] = {
    SCANS: ("scan", "tick"),
    CATALOGUE: ("item",),
    ENCOUNTERS: ("encounter",),
    HIS_CHARGES: ("his-charge",),
    DISCHARGES: ("discharge",),
    INCOME: ("income",),
    VERDICTS: ("verdict",),
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document of that name.

    Raises:
        KeyError: there is none of that name.
    """
    model = SCHEMAS[name]
    made = model.model_json_schema(by_alias=True, mode=_mode(model))
    return {"$schema": DIALECT, "$id": f"urn:udistream:schema:{name}:{VERSION}"} | made


def _mode(model: type[BaseModel]) -> Any:
    return "serialization" if model.model_config.get("extra") == "forbid" else "validation"


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the routes below `/v1`, and of health."""
    made = get_openapi(
        title="udistream gateway",
        version=VERSION,
        openapi_version="3.1.0",
        summary="Scans in, verdicts out.",
        routes=app.routes,
    )
    extra = [(model, "validation") for model in (ScanEvent, ScanBatch)] + [(VerdictBody, "serialization")]
    _, definitions = models_json_schema(extra, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    components = made.setdefault("components", {})
    components["schemas"] = dict(sorted((definitions["$defs"] | components.get("schemas", {})).items()))
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "Of `POST /v1/devices/token`."},
        "signature": {"type": "apiKey", "in": "header", "name": SIGNATURE_HEADER,
                      "description": "`v1=` and the hex HMAC-SHA256 of the body with the device's key."},
    }  # fmt: skip
    for path, methods in made["paths"].items():
        for operation in methods.values():
            if path.startswith("/v1/") and not path.endswith("/token") and "json" not in path and "schemas" not in path:
                operation.setdefault("security", [{"token": []}])
            # A parameter that is wrong is a problem document, as everything else is.
            operation["responses"].pop("422", None)
    return made


def asyncapi(prefix: str = PREFIX_DEFAULT) -> dict[str, Any]:
    """The AsyncAPI document of all topics; those whose bodies are models carry their schemas."""
    channels, operations = {}, {}
    for topic in TOPICS:
        names = _ON_TOPICS.get(topic.name, ())
        channels[topic.name] = {
            "address": prefix + topic.name,
            "description": f"Written by: {topic.written_by}." + (" Compacted." if topic.compacted else ""),
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        }
        ours = topic.written_by == "relay"
        operations[f"{'send' if ours else 'receive'}-{topic.name}"] = {
            "action": "send" if ours else "receive",
            "channel": {"$ref": f"#/channels/{topic.name}"},
        }
    named = {name for names in _ON_TOPICS.values() for name in names}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "udistream topics", "version": VERSION},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                name: {
                    "name": name,
                    "contentType": "application/json",
                    "payload": {
                        "schemaFormat": "application/schema+json;version=draft-2020-12",
                        "schema": schema(name),
                    },
                }
                for name in sorted(named)
            }
        },
    }


def files(app: FastAPI) -> dict[str, dict[str, Any]]:
    """Every document by the name of its file in `docs/api`."""
    schemas = {f"schemas/{name}.json": schema(name) for name in SCHEMAS}
    return {"openapi.json": openapi(app), "asyncapi.json": asyncapi()} | schemas
