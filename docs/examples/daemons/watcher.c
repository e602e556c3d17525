/* A daemon that subscribes to link events, and keeps 200 bytes of each: the leak of docs/reproduce-a-leak.md.
 * Built with -DFIXED it frees them. SIGHUP makes it read its configuration again, which leaks nothing.
 */
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void reload(int number) { (void)number; }

int main(void) {
    static char buffer[1 << 16];
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    struct sigaction on_hangup = {.sa_handler = reload, .sa_flags = SA_RESTART};
    int link = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (bind(link, (struct sockaddr *)&address, sizeof address)) { perror("bind"); return 1; }
    sigaction(SIGHUP, &on_hangup, NULL);
    for (;;) {
        if (recv(link, buffer, sizeof buffer, 0) <= 0) continue;
        char *record = malloc(200);
        if (!record) return 1;
        memcpy(record, buffer, 200);
#ifdef FIXED
        free(record);
#endif
    }
}
