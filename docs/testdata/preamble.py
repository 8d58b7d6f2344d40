# What a block of Python on a page may use without saying where it comes from.
import json
import os

import requests
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

session = requests.Session()
token = "t0ken"
password = "pa55word"
