/* One process that keeps memory for one reason, named by its first argument, so many bytes a time: the truth of
 * tests/planted/dosed.py. It reads link events, and takes SIGUSR1 as a command.
 *
 *   event      keeps BYTES of each link event          warm-up   keeps BYTES of the first 400 events, and no more
 *   container  of each veth pair that comes            queue     holds BYTES an event for at most five seconds
 *   command    of each SIGUSR1                         innocent  allocates BYTES an event, and frees them
 *   clock      twenty times a second, whatever comes
 *   fragment   has one of eight threads shrink a block of BYTES and more to a few that it keeps, each event: the next
 *              block is a little larger and fits into no hole, so memory grows although next to nothing is live
 */
#define _GNU_SOURCE
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, WIDER = 16, PIN = 24, WARM = 400, QUEUED = 1 << 20, TICK_MS = 50, HELD_S = 5 };
static void *queued[QUEUED];
static size_t waiting;
static char *how;
static size_t bytes;
static long kept;

static void *keep(void) {
    kept++;
    void *at = malloc(bytes);
    if (!at) exit(1);
    return memset(at, 1, bytes);
}

static void release(void) {
    while (waiting) free(queued[--waiting]);
}

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int wake[THREADS][2];
static void *fragmenter(void *number) {
    char told;
    char *last = NULL; /* shrunk once another lies behind it: at the top of the heap it would leave no hole */
    for (size_t size = bytes; read(wake[(size_t)number][0], &told, 1) == 1; size += WIDER) {
        char *block = malloc(size);
        if (!block) exit(1);
        memset(block, 1, size);
        if (last && !realloc(last, PIN)) exit(1);
        last = block;
    }
    return NULL;
}

static void event(void) {
    if (!strcmp(how, "fragment") && write(wake[kept++ % THREADS][1], "", 1) != 1) exit(1);
    if (!strcmp(how, "event") || (!strcmp(how, "warm-up") && kept < WARM)) keep();
    if (!strcmp(how, "innocent")) free(keep());
    if (!strcmp(how, "queue") && waiting < QUEUED) queued[waiting++] = keep();
}

static int newest;
static void container(const struct nlmsghdr *message) {
    const struct ifinfomsg *link = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWLINK || link->ifi_index <= newest) return;
    newest = link->ifi_index;
    int left = (int)IFLA_PAYLOAD(message);
    for (struct rtattr *one = IFLA_RTA(link); RTA_OK(one, left); one = RTA_NEXT(one, left))
        if (one->rta_type == IFLA_IFNAME && !strncmp(RTA_DATA(one), "box", 3) && !strstr(RTA_DATA(one), "peer")) {
            if (!strcmp(how, "container")) keep();
            newest++; /* its peer has the next index, or the one before */
        }
}

static void read_events(int fd) {
    static char buffer[1 << 16];
    ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) return;
    int left = (int)got;
    for (struct nlmsghdr *one = (void *)buffer; NLMSG_OK(one, left); one = NLMSG_NEXT(one, left)) {
        event();
        container(one);
    }
}

int main(int argc, char **argv) {
    how = argc > 1 ? argv[1] : "";
    bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    for (size_t at = 0; at < THREADS; at++) {
        pthread_t id;
        if (pipe(wake[at]) || (!strcmp(how, "fragment") && pthread_create(&id, NULL, fragmenter, (void *)at))) return 1;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    struct pollfd heard[2] = {{.fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), .events = POLLIN},
                              {.fd = signalfd(-1, &set, 0), .events = POLLIN}};
    if (bind(heard[0].fd, (struct sockaddr *)&address, sizeof address)) { perror("bind"); return 1; }
    struct if_nameindex *links = if_nameindex();
    for (struct if_nameindex *one = links; one->if_index; one++)
        if ((int)one->if_index > newest) newest = (int)one->if_index;
    double began = now(), last = began, drained = began;
    for (long ticks = 0;;) {
        poll(heard, 2, TICK_MS);
        if (heard[0].revents) { read_events(heard[0].fd); last = now(); }
        if (heard[1].revents) {
            struct signalfd_siginfo told;
            if (read(heard[1].fd, &told, sizeof told) == sizeof told && !strcmp(how, "command")) keep();
        }
        for (; !strcmp(how, "clock") && ticks < (now() - began) * 20; ticks++) keep();
        if (waiting && (now() - last > 0.3 || now() - drained > HELD_S)) { release(); drained = now(); }
    }
}
