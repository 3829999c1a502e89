"""As much of pyserial as a provisioning manager uses, so that the tests need no package of Python."""

import os
import select
import termios
import tty


class Serial:
    def __init__(self, port, baudrate=9600, timeout=None):
        self.timeout = timeout
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = getattr(termios, 'B%d' % baudrate)
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)
        termios.tcflush(self.fd, termios.TCIOFLUSH)

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.close()

    def write(self, octets):
        return os.write(self.fd, octets)

    def read(self, size=1):
        ready, _, _ = select.select([self.fd], [], [], self.timeout)
        return os.read(self.fd, size) if ready else b''

    def close(self):
        os.close(self.fd)
