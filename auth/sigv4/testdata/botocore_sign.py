"""Signs requests with botocore: a JSON array in, one of signatures out."""

import datetime
import json
import sys
from urllib.parse import parse_qs, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CLASSES = {
    (False, False): botocore.auth.SigV4Auth,
    (False, True): botocore.auth.S3SigV4Auth,
    (True, False): botocore.auth.SigV4QueryAuth,
    (True, True): botocore.auth.S3SigV4QueryAuth,
}


def sign(case):
    botocore.auth.get_current_datetime = lambda: datetime.datetime.strptime(case["Date"], "%Y%m%dT%H%M%SZ")
    request = AWSRequest(method=case["Method"], url=case["URL"], data=case["Body"].encode())
    for name, value in case["Header"]:
        request.headers[name] = value
    credentials = Credentials(case["Key"], case["Secret"], case["Token"] or None)
    extra = {"expires": case["Expires"]} if case["Expires"] else {}
    auth = CLASSES[bool(case["Expires"]), case["Service"] == "s3"](
        credentials, case["Service"], case["Region"], **extra
    )
    auth.add_auth(request)
    if case["Expires"]:
        query = parse_qs(urlsplit(request.url).query)
        return [query["X-Amz-SignedHeaders"][0], query["X-Amz-Signature"][0]]
    fields = request.headers["Authorization"].split(", ")
    return [fields[1].partition("=")[2], fields[2].partition("=")[2]]


assert hasattr(botocore.auth, "get_current_datetime"), "botocore without a clock to set"
json.dump([sign(case) for case in json.load(sys.stdin)], sys.stdout)
