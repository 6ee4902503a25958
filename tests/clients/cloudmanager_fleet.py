"""Enrols, filters, switches, reads and deletes a hundred nodes with the client that openapi-python-client
generated: every answer is parsed into its typed model.

usage: cloudmanager_fleet.py FOLDER BASE_URL TOKEN
"""
import datetime
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

folder, base, token = sys.argv[1:]
sys.path.insert(0, folder)

import cloudmanager_client
from cloudmanager_client.api.info import get_info
from cloudmanager_client.api.nodes import (
    assign_power_control,
    count_nodes,
    create_node,
    delete_node,
    get_node,
    get_power_action,
    list_node_power_controls,
    list_nodes,
    list_power_actions,
    power_off_node,
    power_on_node,
    unassign_power_control,
    update_node,
)
from cloudmanager_client.api.power_controls import (
    count_power_controls,
    create_power_control,
    delete_power_control,
    get_power_control,
    list_power_control_nodes,
)
from cloudmanager_client.api.tasks import get_task, list_tasks
from cloudmanager_client.models import Assignment, NewPowerControlBody, Node, NodeBody

COUNT = 100
client = cloudmanager_client.AuthenticatedClient(
    base_url=base, token=token, prefix="", auth_header_name="X-Auth-Token", raise_on_unexpected_status=True
)
pool = ThreadPoolExecutor(8)


def each(work, items):
    return list(pool.map(work, items))


def enrol(number):
    body = NewPowerControlBody.from_dict(
        {"power_control": {"control_type": "Fake", "protocol_type": "fake", "host": f"py-{number:03}", "port_number": 1}}
    )
    control = create_power_control.sync(client=client, body=body).power_control
    assert control.coils_count >= 1 and control.used_coils_count == 0, control
    fields = {
        "name": f"py-{number:03}",
        "owner": "even" if number % 2 == 0 else "odd",
        "rack_number": number // 20 + 1,
        "unit_number": number % 20 + 1,
        "ram_mb": 1024 * (number + 1),
        "ip_addresses": [f"192.0.2.{number}"],
        "metadata": {"cpu_benchmark": number},
    }
    node = create_node.sync(client=client, body=NodeBody.from_dict({"node": fields})).node
    assert isinstance(node, Node) and node.node_class.name == "hypervisor", node
    assert node.metadata.to_dict() == {"cpu_benchmark": number}, node
    datetime.datetime.fromisoformat(node.created_at)
    body = Assignment.from_dict({"power_control_id": control.id, "power_control_port": "1"})
    assigned = assign_power_control.sync(node.id, client=client, body=body).power_control
    assert assigned.is_default and assigned.power_control_id == control.id, assigned
    return node, control


def filtered(wanted, **filters):
    listed = [node.name for node in list_nodes.sync(client=client, **filters).nodes]
    assert listed == [f"py-{number:03}" for number in range(COUNT) if wanted(number)], (filters, listed)
    counted = count_nodes.sync(client=client, **filters).count
    assert counted == len(listed), (filters, counted, len(listed))


def switch(work, nodes, state):
    replies = each(lambda node: work.sync_detailed(node.id, client=client), nodes)
    assert {reply.status_code for reply in replies} == {204}, replies
    assert count_nodes.sync(client=client, name="like:py-%", power_state=state).count == COUNT


def history(node):
    actions = list_power_actions.sync(node.id, client=client).power_actions
    assert [action.action for action in actions] == ["power_off", "power_on"], actions
    for action in actions:
        assert get_power_action.sync(node.id, action.id, client=client).power_action == action
        assert action.state == "done" and action.node_id == node.id, action
        task = get_task.sync(str(uuid.UUID(action.task_id)), client=client)
        assert (task.status, task.name) == ("SUCCESS", "node.power"), task
    return [action.task_id for action in actions]


def remove(pair):
    node, control = pair
    assert [one.id for one in list_power_control_nodes.sync(control.id, client=client).nodes] == [node.id]
    assert list_node_power_controls.sync(node.id, client=client).power_controls[0].power_control_id == control.id
    assert delete_power_control.sync_detailed(control.id, client=client).status_code == 409
    assert unassign_power_control.sync_detailed(node.id, control.id, client=client).status_code == 204
    assert get_power_control.sync(control.id, client=client).power_control.used_coils_count == 0
    assert delete_power_control.sync_detailed(control.id, client=client).status_code == 204
    assert delete_node.sync_detailed(node.id, client=client).status_code == 204
    assert get_node.sync_detailed(node.id, client=client).status_code == 404


assert get_info.sync(client=client).info.version
pairs = [enrol(number) for number in range(COUNT)]
nodes = [node for node, _ in pairs]
ours = {"name": "like:py-%"}
filtered(lambda number: True, **ours)
filtered(lambda number: number % 2 == 0 and number // 20 == 2, owner="even", rack_number="3")
filtered(lambda number: number % 2 == 1 and number >= 90, owner="ne:even", ram_mb="ge:93184", **ours)
filtered(lambda number: number // 20 in (0, 4) and number % 20 < 3, rack_number="in:1,5", unit_number="lt:4", **ours)
filtered(lambda number: number // 20 not in (0, 4), rack_number="nin:1,5", title="null:true", **ours)
page = list_nodes.sync(client=client, offset=10, limit=5, **ours).nodes
assert [node.name for node in page] == [f"py-{number:03}" for number in range(10, 15)], page
title = NodeBody.from_dict({"node": {"title": "first"}})
assert update_node.sync(nodes[0].id, client=client, body=title).node.title == "first"
filtered(lambda number: number == 0, title="null:false", **ours)

switch(power_on_node, nodes, "power_on")
switch(power_off_node, nodes, "power_off")
tasks = {task for ids in each(history, nodes) for task in ids}
assert len(tasks) == 2 * COUNT
recent = list_tasks.sync(client=client).tasks
assert len(recent) == 10 and set(recent) <= tasks, recent

each(remove, pairs)
assert count_nodes.sync(client=client, **ours).count == 0
assert count_power_controls.sync(client=client).count == 0
