// What the planted programs in C and C++ share: their churner, and a loop that counts events by netchurn's protocol.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEPT 12000
#define INTERVAL_NS 20000000

static char *volatile sink;
static int fixed_one;

__attribute__((noinline)) static void allocate_and_free(size_t bytes) {
    char *buffer = (char *)malloc(bytes);
    memset(buffer, 1, bytes);
    sink = buffer;
    free(buffer);
}

__attribute__((noinline)) static void churn(void) {
    for (int piece = 0; piece < 10; piece++) allocate_and_free(KEPT);
}

static long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000L + at.tv_nsec;
}

static int live(void (*keep)(long)) {
    char word[64];
    printf("{\"event\": \"ready\", \"ifname\": \"wt0\", \"ifindex\": 0, \"at_ns\": %ld}\n", now());
    fflush(stdout);
    for (long events = 0, due = now();; events++) {
        due += INTERVAL_NS;
        struct pollfd input = {STDIN_FILENO, POLLIN, 0};
        long wait = (due - now()) / 1000000;
        if (poll(&input, 1, wait > 0 ? (int)wait : 0) > 0) {
            ssize_t got = read(STDIN_FILENO, word, sizeof word);
            printf("{\"event\": \"work\", \"polls\": 0, \"events\": %ld, \"at_ns\": %ld}\n", events, now());
            fflush(stdout);
            if (got <= 0 || strncmp(word, "mark", 4)) return 0;
        }
        keep(events);
        churn();
    }
}
