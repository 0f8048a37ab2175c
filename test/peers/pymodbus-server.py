"""Serves the words of an image as input and holding registers; what is not in it is exception 2.

Usage: pymodbus-server.py PORT IMAGE, IMAGE being lines of "address word".
"""
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSparseDataBlock
from pymodbus.server import StartTcpServer

try:  # the name changed with pymodbus 3.8
    from pymodbus.datastore import ModbusDeviceContext as UnitContext
except ImportError:
    from pymodbus.datastore import ModbusSlaveContext as UnitContext

port, image = int(sys.argv[1]), sys.argv[2]
with open(image, encoding="ascii") as lines:
    words = {int(address): int(word) for address, word in (line.split() for line in lines)}


def unit(blocks):
    try:
        return UnitContext(**blocks, zero_mode=True)
    except TypeError:  # later versions count from zero always
        return UnitContext(**blocks)


context = unit({name: ModbusSparseDataBlock(dict(words)) for name in ("hr", "ir", "co", "di")})
try:
    server = ModbusServerContext(slaves=context, single=True)
except TypeError:
    server = ModbusServerContext(devices=context, single=True)
StartTcpServer(context=server, address=("127.0.0.1", port))
