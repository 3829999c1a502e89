"""A provisioning manager in the form of ST's tool, for a board of profile L1. Needs pyserial."""

import time

import serial


def Provisioning(provision_mode, header, port):
    """provision_mode: 0 test, 1 production. Returns (message, 0) for success and (message, 1) for an error."""
    heard = b''
    with serial.Serial(port, 115200, timeout=0.2) as line:
        end = time.monotonic() + 30
        asked = 0.0
        while time.monotonic() < end:
            if b'Start_provisioning' not in heard and time.monotonic() - asked >= 1:
                asked = time.monotonic()
                line.write(b'Init\n')
            heard += line.read(64)
            _, started, told = heard.partition(b'Start_provisioning')
            _, finished, code = told.partition(b'finish:')
            if started and finished and len(code) >= 3:
                print(header, 'the board reported', code[:3].decode('ascii'))
                return ('done', 0) if code[:3] == b'000' else ('code ' + code[:3].decode('ascii'), 1)
    return ('the board is silent', 1)
