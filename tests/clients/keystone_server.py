"""Serves OpenStack Keystone on the loopback address, and prints where.

usage: keystone_server.py FOLDER PORT

FOLDER holds keystone.conf; PORT 0 takes a free one.
"""
import sys

import waitress
from keystone.server.flask import core

folder, port = sys.argv[1:]
# Keystone would read them as its own arguments.
sys.argv = sys.argv[:1]
application = core.initialize_application(name="public", config_files=[f"{folder}/keystone.conf"])
server = waitress.create_server(application, host="127.0.0.1", port=int(port), threads=8)
print(f"listening on http://127.0.0.1:{server.effective_port}", flush=True)
server.run()
