"""A device behind snmpd's pass_persist: its objects, and what writing to them does.

Arguments: a JSON document and a log. The document has `objects` (OID to [type, value]), `effects`
(a list of [OID, value, [[seconds, OID, value], ...]]: what a write does, and when), `buttons` (a list
of [power, reset, light, on, off]: OIDs of two lines and of the light that shows whether the machine
runs, with its two readings) and `slow` (OID to seconds by which the next writes are answered late).
The log gets each write as `OID VALUE SECONDS`.
"""

import json
import sys
import time

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
log = open(sys.argv[2], "a", buffering=1, encoding="utf-8")


def arcs(oid):
    return tuple(int(arc) for arc in oid.strip(".").split("."))


objects = {arcs(oid): kind_and_value for oid, kind_and_value in document["objects"].items()}
later = []
pressed = {}


def put(oid, value, seconds=0.0):
    later.append((time.monotonic() + seconds, arcs(oid), value))


def settle():
    now = time.monotonic()
    for entry in sorted(entry for entry in later if entry[0] <= now):
        later.remove(entry)
        objects[entry[1]][1] = entry[2]


def press(oid, value):
    for power, reset, light, on, off in document.get("buttons", []):
        if arcs(power) == oid:
            runs = objects[arcs(light)][1] == on
            if value == 1:
                pressed[oid] = time.monotonic()
            elif oid in pressed:
                held = time.monotonic() - pressed.pop(oid)
                if not runs:
                    put(light, on)
                elif held > 4:
                    put(light, off)
                else:
                    put(light, off, 0.3)


def write(oid, value):
    if oid not in objects or objects[oid][0] != "integer":
        return "not-writable"
    log.write("%s %d %.3f\n" % (".".join(map(str, oid)), value, time.monotonic()))
    objects[oid][1] = value
    press(oid, value)
    for target, written, effects in document.get("effects", []):
        if arcs(target) == oid and written == value:
            for seconds, changed, new in effects:
                put(changed, new, seconds)
    settle()
    waits = document.get("slow", {}).get(".".join(map(str, oid)), [])
    if waits:
        time.sleep(waits.pop(0))
    return "DONE"


def show(oid):
    kind, value = objects[oid]
    print(".%s\n%s\n%s" % (".".join(map(str, oid)), kind, value), flush=True)


for line in sys.stdin:
    word = line.strip()
    settle()
    if word == "PING":
        print("PONG", flush=True)
    elif word in ("get", "getnext"):
        oid = arcs(sys.stdin.readline().strip())
        if word == "getnext":
            oid = min((other for other in objects if other > oid), default=None)
        if oid in objects:
            show(oid)
        else:
            print("NONE", flush=True)
    elif word == "set":
        oid = arcs(sys.stdin.readline().strip())
        kind, _, value = sys.stdin.readline().strip().partition(" ")
        print(write(oid, int(value)) if kind == "integer" else "wrong-type", flush=True)
