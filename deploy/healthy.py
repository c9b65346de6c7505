"""Ends well if the web process of this container answers. It may only be asked by one of its own names."""

import http.client
import os
import sys

host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
connection.request("GET", "/health/", headers={"Host": host})
sys.exit(connection.getresponse().status != 200)
