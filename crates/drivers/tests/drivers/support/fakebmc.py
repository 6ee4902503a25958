"""A BMC of pyghmi's own class on 127.0.0.1, with power and boot device."""

import sys

from pyghmi.ipmi import bmc


class Fake(bmc.Bmc):
    def __init__(self, accounts, port):
        super().__init__(accounts, port=port, address="::ffff:127.0.0.1")
        self.power = "off"
        self.boot = "default"

    def get_power_state(self):
        return self.power

    def power_on(self):
        self.power = "on"

    def power_off(self):
        self.power = "off"

    def power_reset(self):
        print("reset", flush=True)

    def power_shutdown(self):
        self.power = "off"

    def get_boot_device(self):
        return self.boot

    def set_boot_device(self, device):
        self.boot = device


port, name, password = sys.argv[1:]
Fake({name: password}, int(port)).listen()
