"""A provisioning manager as users of ST's tool have it: a file, a function, module state, prints with a header."""

import time

import serial

RESULTS = {0: 'OK', 1: 'Data not found', 2: 'Buffer too small', 3: 'Parameter error', 4: 'CKS write error'}

runs = 0


def read_until(line, word, seconds):
    heard = b''
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        heard += line.read(1)
        if heard.endswith(word):
            return True
    return False


def Provisioning(provision_mode, header, port):
    global runs
    runs += 1
    print('%s mode %s, run %d' % (header, ('test', 'production')[provision_mode], runs))
    line = serial.Serial(port, baudrate=115200, timeout=0.1)
    try:
        for _ in range(30):
            line.write(b'Init\n')
            if read_until(line, b'Start_provisioning', 1):
                break
        else:
            return 'STM32 not init or fail in synchronization', 1
        if not read_until(line, b'finish:', 30):
            return 'unknown error', 1
        code = int(line.read(1) + line.read(1) + line.read(1))
    finally:
        line.close()
    print(header, RESULTS.get(code, 'unknown code'))
    return RESULTS.get(code, 'unknown error'), 0 if code == 0 else 1
