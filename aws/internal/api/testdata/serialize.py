"""Encodes calls of botocore's models with botocore, from requests on the input.

A line of the input names a service, a version and an operation. Its line of
the output is the request for the parameters that value() makes up, which are
those of the Go test.
"""
import base64
import datetime
import gzip
import json
import os
import sys
import urllib.parse

import botocore
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

DATA = os.path.join(os.path.dirname(botocore.__file__), "data")
TIME = datetime.datetime.fromtimestamp(1700000000, datetime.timezone.utc)
DEPTH = 3


def value(shape, depth):
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return {"a": 1, "b": [True, "x"]}
    if kind == "structure":
        if depth > DEPTH:
            return {}
        return {k: value(m, depth + 1) for k, m in shape.members.items()}
    if kind == "list":
        return [] if depth > DEPTH else [value(shape.member, depth + 1)]
    if kind == "map":
        return {} if depth > DEPTH else {"key": value(shape.value, depth + 1)}
    return {"boolean": True, "integer": 7, "long": 7, "float": 1.5, "double": 1.5, "blob": b"b", "timestamp": TIME}.get(kind, "a b")


models = {}


def model(service, version):
    if (service, version) not in models:
        path = os.path.join(DATA, service, version, "service-2.json.gz")
        models[service, version] = ServiceModel(json.load(gzip.open(path)), service)
    return models[service, version]


def encode(service, version, operation):
    m = model(service, version)
    protocol = m.metadata["protocol"]
    if protocol == "smithy-rpc-v2-cbor":
        protocol = next(p for p in ("json", "query") if p in m.metadata["protocols"])
    op = m.operation_model(operation)
    params = value(op.input_shape, 0) if op.input_shape else {}
    for name in params:
        if "{%s}" % name in (op.endpoint or {}).get("hostPrefix", ""):
            params[name] = "host"
    r = create_serializer(protocol, include_validation=False).serialize_to_request(params, op)
    path = urllib.parse.urlsplit(r["url_path"])
    query = urllib.parse.parse_qsl(path.query, keep_blank_values=True)
    if isinstance(r["query_string"], dict):
        for k, v in r["query_string"].items():
            query += [(k, str(one)) for one in (v if isinstance(v, list) else [v])]
    body, form = r["body"], None
    if isinstance(body, dict):
        form = {k: str(v) for k, v in body.items()}
        body = b""
    if isinstance(body, str):
        body = body.encode()
    header = {k.lower(): v.decode() if isinstance(v, bytes) else v for k, v in r["headers"].items()}
    return {
        "Method": r["method"], "Path": urllib.parse.unquote(path.path), "Query": sorted(query), "Header": header,
        "Form": form, "Body": base64.b64encode(body or b"").decode(),
    }


for line in sys.stdin:
    json.dump(encode(*line.split()), sys.stdout)
    print()
