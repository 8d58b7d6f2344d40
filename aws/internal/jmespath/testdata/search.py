"""Evaluates what botocore's paginators and waiters say, with jmespath.

A line of the output is an expression, a value that it is evaluated on, which
is an answer of the operation with every member set, and what comes of it.
Services are arguments; without any it is all that botocore has.
"""
import glob
import gzip
import importlib.util
import io
import json
import os
import sys

import jmespath

services = sys.argv[1:]
sys.dont_write_bytecode = True
sys.stdin = io.StringIO("")
spec = importlib.util.spec_from_file_location("parse", os.path.join(os.path.dirname(__file__), "../../api/testdata/parse.py"))
parse = importlib.util.module_from_spec(spec)
spec.loader.exec_module(parse)


def load(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path) as f:
        return json.load(f)


def listed(v):
    return v if isinstance(v, list) else [v]


for service in services or sorted(os.listdir(parse.DATA)):
    for directory in sorted(glob.glob(os.path.join(parse.DATA, service, "*"))):
        version = os.path.basename(directory)
        found = []
        for path in glob.glob(os.path.join(directory, "paginators-1.json*")):
            for op, p in load(path)["pagination"].items():
                for key in ("output_token", "more_results", "result_key", "non_aggregate_keys"):
                    found += [(op, e) for e in listed(p.get(key, []))]
        for path in glob.glob(os.path.join(directory, "waiters-2.json*")):
            for w in load(path)["waiters"].values():
                found += [(w["operation"], a["argument"]) for a in w["acceptors"] if "argument" in a]
        answers = {}
        for op, expression in found:
            if op not in parse.model(service, version).operation_names:
                continue
            if op not in answers:
                answers[op] = parse.answer(service, version, op)
            if answers[op] is None:
                continue
            value = answers[op]["Parsed"]
            json.dump({"Expression": expression, "Value": value, "Want": jmespath.search(expression, value)}, sys.stdout)
            print()
