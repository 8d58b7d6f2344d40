"""Makes answers of botocore's models up, and reads them with botocore.

A line of the input names a service, a version and an operation. Its line of
the output is an answer with every member set, and what botocore makes of it.
"""
import base64
import datetime
import gzip
import json
import os
import sys
from xml.sax.saxutils import escape, quoteattr

import botocore.awsrequest
import botocore.parsers
from botocore.model import ServiceModel
from botocore.parsers import create_parser

DATA = os.path.join(os.path.dirname(botocore.__file__), "data")
SECONDS = 1700000000
ISO = "2023-11-14T22:13:20Z"
HTTP = "Tue, 14 Nov 2023 22:13:20 GMT"
DEPTH = 3


def stamp(shape, default):
    form = shape.serialization.get("timestampFormat", default)
    return {"iso8601": ISO, "rfc822": HTTP, "unixTimestamp": SECONDS}[form]


def text(shape, default):
    """A scalar as text, in XML or in a field of the header."""
    kind = shape.type_name
    if kind == "timestamp":
        return str(stamp(shape, default))
    if kind == "blob":
        return base64.b64encode(b"b").decode()
    if shape.serialization.get("jsonvalue"):
        return base64.b64encode(b'{"a": [1]}').decode()
    return {"boolean": "true", "integer": "7", "long": "7", "float": "1.5", "double": "1.5"}.get(kind, "a b")


def members(shape, depth):
    """Those of a structure that are in the content; of a union there is one."""
    if depth > DEPTH:
        return []
    inside = [(k, m) for k, m in shape.members.items() if "location" not in m.serialization]
    # A union that were too deep to have a member is left out.
    inside = [(k, m) for k, m in inside if not (depth == DEPTH and getattr(m, "is_tagged_union", False))]
    return inside[:1] if getattr(shape, "is_tagged_union", False) else inside


def as_json(shape, depth):
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return {"a": 1, "b": [True, "x", {"c": 1.5}]}
    if kind == "structure":
        return {m.serialization.get("name", k): as_json(m, depth + 1) for k, m in members(shape, depth)}
    if kind == "list":
        return [] if depth > DEPTH or depth == DEPTH and getattr(shape.member, "is_tagged_union", False) else [as_json(shape.member, depth + 1)]
    if kind == "map":
        return {} if depth > DEPTH or depth == DEPTH and getattr(shape.value, "is_tagged_union", False) else {"key": as_json(shape.value, depth + 1)}
    if kind == "timestamp":
        return stamp(shape, "unixTimestamp")
    if kind == "blob":
        return base64.b64encode(b"b").decode()
    return {"boolean": True, "integer": 7, "long": 7, "float": 1.5, "double": 1.5}.get(kind, "a b")


def as_xml(shape, name, depth, attributes=""):
    kind = shape.type_name
    if kind == "structure":
        inner, attrs = "", attributes
        for k, m in members(shape, depth):
            n = m.serialization.get("name", k)
            if m.serialization.get("xmlAttribute"):
                attrs += " %s=%s" % (n, quoteattr(text(m, "iso8601")))
                prefix = n.partition(":")[0]
                if prefix != n:
                    attrs += ' xmlns:%s="urn:x"' % prefix
            else:
                inner += as_xml(m, n, depth + 1)
        return "<%s%s>%s</%s>" % (name, attrs, inner, name)
    if kind == "list":
        if depth > DEPTH:
            return ""
        item = shape.member.serialization.get("name", "member")
        if shape.serialization.get("flattened"):
            return as_xml(shape.member, shape.member.serialization.get("name", name), depth + 1)
        return "<%s>%s</%s>" % (name, as_xml(shape.member, item, depth + 1), name)
    if kind == "map":
        if depth > DEPTH:
            return ""
        k, v = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        entry = "<%s>key</%s>%s" % (k, k, as_xml(shape.value, v, depth + 1))
        if shape.serialization.get("flattened"):
            return "<%s>%s</%s>" % (name, entry, name)
        return "<%s><entry>%s</entry></%s>" % (name, entry, name)
    return "<%s>%s</%s>" % (name, escape(text(shape, "iso8601")), name)


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items() if k != "ResponseMetadata"}
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, bytes):
        return {"bytes": base64.b64encode(v).decode()}
    if isinstance(v, datetime.datetime):
        return {"time": int(v.timestamp())}
    if not isinstance(v, (str, int, float, type(None))):
        return {"other": repr(v)}
    return v


models = {}


def model(service, version):
    if (service, version) not in models:
        path = os.path.join(DATA, service, version, "service-2.json.gz")
        models[service, version] = ServiceModel(json.load(gzip.open(path)), service)
    return models[service, version]


def answer(service, version, operation):
    m = model(service, version)
    protocol = m.metadata["protocol"]
    if protocol == "smithy-rpc-v2-cbor":
        protocol = next(p for p in ("json", "query") if p in m.metadata["protocols"])
    op = m.operation_model(operation)
    shape, header, body = op.output_shape, {}, b""
    if shape is not None:
        for k, mem in shape.members.items():
            where, name = mem.serialization.get("location"), mem.serialization.get("name", k)
            if where == "header":
                if mem.type_name == "list":
                    header[name] = text(mem.member, "rfc822")
                else:
                    header[name] = text(mem, "rfc822")
            elif where == "headers":
                header[name + "key"] = "a b"
        payload = shape.serialization.get("payload")
        if protocol in ("json", "rest-json"):
            if payload and shape.members[payload].type_name in ("blob", "string"):
                body = b"b"
            else:
                body = json.dumps(as_json(shape.members[payload] if payload else shape, 0)).encode()
        elif protocol == "rest-xml":
            if payload and shape.members[payload].type_name in ("blob", "string"):
                body = b"b"
            elif payload:
                mem = shape.members[payload]
                body = as_xml(mem, mem.serialization.get("name", payload), 0).encode()
            else:
                body = as_xml(shape, shape.serialization.get("name", shape.name), 0).encode()
        elif protocol == "ec2":
            body = as_xml(shape, operation + "Response", 0).encode()
        else:
            wrapper = shape.serialization.get("resultWrapper", operation + "Result")
            body = ("<%sResponse>%s<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%sResponse>" % (operation, as_xml(shape, wrapper, 0), operation)).encode()
    elif protocol in ("json", "rest-json"):
        body = b"{}"
    elif protocol in ("query", "ec2"):
        body = ("<%sResponse><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%sResponse>" % (operation, operation)).encode()
    try:
        parsed = create_parser(protocol).parse({"status_code": 200, "headers": botocore.awsrequest.HeadersDict(header), "body": body}, shape)
    except botocore.parsers.ResponseParserError:
        return None  # a union within unions, cut off
    if shape is not None:
        payload = shape.serialization.get("payload")
        if payload and shape.members[payload].type_name == "blob":
            parsed[payload] = parsed[payload].encode()  # for once botocore has text
    return {"Header": header, "Body": base64.b64encode(body).decode(), "Parsed": plain(parsed)}


for line in sys.stdin:
    json.dump(answer(*line.split()), sys.stdout)
    print()
