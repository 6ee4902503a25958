"""A Modbus/TCP server of pymodbus with 16 coils on a free loopback port; prints the port and what it sees."""

import asyncio

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def asked(sending, pdu):
    if not sending:
        print("asked", pdu.function_code, pdu.address, flush=True)
    return pdu


def met(connected):
    print("opened" if connected else "closed", flush=True)


async def main():
    coils, inputs = ([SimData(0, values=[False] * 16, datatype=DataType.BITS)] for _ in "ci")
    holding, words = ([SimData(0, values=[0] * 16, datatype=DataType.REGISTERS)] for _ in "hw")
    server = ModbusTcpServer(
        SimDevice(1, (coils, inputs, holding, words)),
        address=("127.0.0.1", 0),
        trace_pdu=asked,
        trace_connect=met,
    )
    await server.serve_forever(background=True)
    print("listening", server.transport.sockets[0].getsockname()[1], flush=True)
    await server.serving


asyncio.run(main())
