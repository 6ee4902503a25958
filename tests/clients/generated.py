"""Drives one introspection with the clients that openapi-python-client generated.

usage: generated.py FOLDER BASE_URL TOKEN NODE_NAME MAC
"""
import json
import sys
import time

folder, base, token, name, mac = sys.argv[1:]
sys.path.insert(0, folder)

import cloudmanager_client
import inspector_client
from cloudmanager_client.api.nodes import create_node, list_nodes
from cloudmanager_client.models import NodeBody
from inspector_client.api.introspection import (
    get_introspection_data,
    get_introspection_status,
    list_introspection_statuses,
    start_introspection,
)


def authenticated(package):
    return package.AuthenticatedClient(
        base_url=base, token=token, prefix="", auth_header_name="X-Auth-Token", raise_on_unexpected_status=True
    )


nodes = authenticated(cloudmanager_client)
inspector = authenticated(inspector_client)

body = NodeBody.from_dict({"node": {"name": name, "mac_address": mac}})
node = create_node.sync(client=nodes, body=body).node
assert [one.name for one in list_nodes.sync(client=nodes).nodes] == [name]

accepted = start_introspection.sync_detailed(node.uuid, client=inspector, body=None, manage_boot=False)
assert accepted.status_code == 202, accepted
print(node.uuid, flush=True)

end = time.monotonic() + 60
while True:
    status = get_introspection_status.sync(node.uuid, client=inspector)
    if status.finished:
        break
    assert time.monotonic() < end, status
    time.sleep(0.2)
assert status.error is None, status
assert status.uuid == node.uuid
assert [one.uuid for one in list_introspection_statuses.sync(client=inspector).introspection] == [node.uuid]
data = get_introspection_data.sync(node.uuid, client=inspector)
print(json.dumps(data.to_dict()))
