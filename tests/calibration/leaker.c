/*
 * A program whose growth is known: a control for what reads memory from outside.
 *
 *   leaker leak BYTES_PER_HOUR          touches that much more memory, page by page, and keeps it
 *   leaker sawtooth BYTES PERIOD_S      gains BYTES in PERIOD_S, gives all back at once, and begins again
 *   leaker warmup BYTES TAU_S           reaches BYTES as 1 - exp(-t / TAU_S)
 *   leaker step BYTES AT_S              gains BYTES at once, AT_S after the start
 *   leaker flat                         does nothing
 *   leaker polls BYTES_PER_POLL POLLS_PER_S   leaks by work and not by time
 *
 * With --speak it says the subjects' protocol on standard output: ready, then work at most ten times a second, an answer
 * to "mark", and an outcome after "stop" or the end of its input. Without it, it reads and says nothing and lives until
 * a signal. It wakes every 100 ms. --polls-per-second N counts polls in the other modes too.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 100000000LL
#define SECOND_NS 1000000000LL
#define ROOM (1ULL << 36) /* of addresses, not of memory: 64 GiB */

enum mode { LEAK, SAWTOOTH, WARMUP, STEP, FLAT, POLLS };

struct plan {
    enum mode mode;
    double amount;
    double other;
    double polls_per_s;
    int speaks;
};

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static double due_bytes(const struct plan *plan, double s)
{
    switch (plan->mode) {
    case LEAK: return plan->amount * s / 3600;
    case SAWTOOTH: return plan->amount * fmod(s, plan->other) / plan->other;
    case WARMUP: return plan->amount * (1 - exp(-s / plan->other));
    case STEP: return s >= plan->other ? plan->amount : 0;
    case POLLS: return plan->amount * floor(s * plan->other);
    case FLAT: break;
    }
    return 0;
}

/* Make exactly the pages below bytes resident; what was above is given back. */
static void hold(char *room, size_t page, double bytes)
{
    static size_t held;
    size_t due = (size_t)(bytes / (double)page);
    if (due > ROOM / page)
        due = ROOM / page;
    if (due < held)
        madvise(room + due * page, (held - due) * page, MADV_DONTNEED);
    for (size_t i = held; i < due; i++)
        room[i * page] = 1;
    held = due;
}

static void say_work(long long polls)
{
    printf("{\"event\":\"work\",\"at_ns\":%lld,\"polls\":%lld,\"events\":0,"
           "\"allocated_bytes\":null,\"allocations\":null}\n", now_ns(), polls);
    fflush(stdout);
}

/* Read what has come in, whole lines or not: 's' for stop or the end of the input, 'm' for mark, 0 for nothing. */
static char order(void)
{
    static char line[256];
    static size_t length;
    char got = 0;
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&in, 1, 0) > 0) {
        char c;
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 's';
        if (c != '\n') {
            if (length < sizeof line - 1)
                line[length++] = c;
            continue;
        }
        line[length] = 0;
        length = 0;
        if (strcmp(line, "stop") == 0)
            return 's';
        if (strcmp(line, "mark") == 0)
            got = 'm';
    }
    return got;
}

static int run(const struct plan *plan)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) {
        perror("leaker: mmap");
        return 1;
    }
    madvise(room, ROOM, MADV_NOHUGEPAGE); /* by the page, as it is said */
    long long began = now_ns(), next = began, told = 0;
    if (plan->speaks)
        printf("{\"event\":\"ready\",\"at_ns\":%lld,\"ifname\":\"none\",\"ifindex\":0}\n", began), fflush(stdout);
    for (;;) {
        double s = (double)(now_ns() - began) / SECOND_NS;
        long long polls = (long long)(s * plan->polls_per_s);
        hold(room, page, due_bytes(plan, s));
        char heard = plan->speaks ? order() : 0;
        if (plan->speaks && (heard || polls > told))
            say_work(told = polls);
        if (heard == 's')
            break;
        next += TICK_NS;
        struct timespec until = {.tv_sec = next / SECOND_NS, .tv_nsec = next % SECOND_NS};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            ;
    }
    if (plan->speaks)
        printf("{\"event\":\"outcome\",\"at_ns\":%lld,\"restart\":false,\"reason\":\"stopped\",\"message\":null}\n",
               now_ns());
    return 0;
}

static int usage(void)
{
    fputs("usage: leaker [--speak] [--polls-per-second N] leak BYTES_PER_HOUR | sawtooth BYTES PERIOD_S | "
          "warmup BYTES TAU_S | step BYTES AT_S | polls BYTES_PER_POLL POLLS_PER_S | flat\n", stderr);
    return 2;
}

static int number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return *text && !*end && isfinite(*value) && *value >= 0;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; enum mode mode; int numbers; } modes[] = {
        {"leak", LEAK, 1}, {"sawtooth", SAWTOOTH, 2}, {"warmup", WARMUP, 2},
        {"step", STEP, 2}, {"polls", POLLS, 2}, {"flat", FLAT, 0},
    };
    struct plan plan = {.other = 1};
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--speak") == 0)
            plan.speaks = 1;
        else if (strcmp(argv[at], "--polls-per-second") != 0 || ++at >= argc || !number(argv[at], &plan.polls_per_s))
            return usage();
    }
    for (size_t i = 0; at < argc && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(argv[at], modes[i].name) != 0)
            continue;
        if (argc - at - 1 != modes[i].numbers)
            return usage();
        plan.mode = modes[i].mode;
        if (modes[i].numbers > 0 && !number(argv[at + 1], &plan.amount))
            return usage();
        if (modes[i].numbers > 1 && (!number(argv[at + 2], &plan.other) || plan.other == 0))
            return usage();
        if (plan.mode == POLLS)
            plan.polls_per_s = plan.other;
        return run(&plan);
    }
    return usage();
}
