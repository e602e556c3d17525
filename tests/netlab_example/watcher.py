"""A program under test, as small as one can be: subscribe to link events, say so, and name what happens.

Usage: watcher.py IFNAME [SECONDS to sleep before it reads]
"""

import errno
import socket
import sys
import time

RTMGRP_LINK = 1
RTM_DELLINK = 17


def main() -> None:
    ifname, *pause = sys.argv[1:]
    index = socket.if_nametoindex(ifname)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as news:
        news.bind((0, RTMGRP_LINK))
        print("ready", flush=True)
        time.sleep(float(pause[0]) if pause else 0)
        while True:
            try:
                message = news.recv(65_536)
            except OSError as error:
                print("lost events" if error.errno == errno.ENOBUFS else error, flush=True)
                continue
            if int.from_bytes(message[20:24], sys.byteorder) == index:
                deleted = int.from_bytes(message[4:6], sys.byteorder) == RTM_DELLINK
                print("gone" if deleted else "changed", time.monotonic_ns(), flush=True)
                if deleted:
                    return


if __name__ == "__main__":
    main()
