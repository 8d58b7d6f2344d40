# Prints what requests exports, as JSON: a list of names for each section of
# the page for its users.
import inspect
import json

import requests
import requests.adapters
import requests.auth
import requests.cookies
import requests.hooks
import requests.sessions
import requests.structures
import requests.utils


def members(cls):
    own = set(dir(cls)) | set(vars(cls())) | set(getattr(cls, "__attrs__", []))
    return {n for n in own if not n.startswith("_")}


def arguments(*functions):
    return {
        p.name + "="
        for f in functions
        for p in inspect.signature(f).parameters.values()
        if p.name != "self" and p.kind is not p.VAR_KEYWORD
    }


def module(m, *more):
    return {n for n, v in vars(m).items() if not n.startswith("_") and getattr(v, "__module__", None) == m.__name__} | set(more)


HTTPAdapter = requests.adapters.HTTPAdapter
jar = requests.cookies.RequestsCookieJar
sections = {
    "Session": members(requests.Session),
    "Keyword arguments": arguments(
        requests.Session.request, requests.Session.send, HTTPAdapter.send, requests.Response.iter_content, requests.Response.iter_lines
    ),
    "Request": members(requests.Request),
    "PreparedRequest": members(requests.PreparedRequest),
    "Response": members(requests.Response) | {"__bool__", "__iter__", "__enter__"},
    "HTTPAdapter": members(HTTPAdapter) | arguments(HTTPAdapter.__init__),
    "Exceptions": module(requests.exceptions),
    "Authentication": module(requests.auth),
    "Cookies": module(requests.cookies) | {n for n in vars(jar) if not n.startswith("_")},
    "Hooks": module(requests.hooks) | {"response"},
    "Functions of the module": module(requests.api, "session"),
    "Structures and utilities": module(requests.structures) | module(requests.utils),
}
codes = {v for v in vars(requests.codes).values() if isinstance(v, int)}
print(json.dumps({"version": requests.__version__, "sections": {k: sorted(v) for k, v in sections.items()}, "codes": sorted(codes)}))
