// A program in C that keeps memory in one way, named by its first argument: list, map, string, buffer, threads, or
// torrent, a buffer beside 500 MB/s of churn; a second argument makes it the fixed version, which keeps nothing.
#include <pthread.h>
#include <search.h>

#include "keeper.h"

#define PIECE 4096
#define PIECES 2441  // 500 MB/s

struct link {
    struct link *next;
    char payload[KEPT];
};

static struct link *kept_list;
static void *kept_map;
static char *volatile forgotten;
static char text[KEPT];

__attribute__((noinline)) static void keep_list(long number) {
    struct link *added = malloc(sizeof *added);
    memset(added->payload, (int)number, KEPT);
    added->next = kept_list;
    kept_list = added;
    if (!fixed_one) return;
    kept_list = added->next;
    free(added);
}

static int compare(const void *one, const void *other) {
    const long left = *(const long *)one, right = *(const long *)other;
    return (left > right) - (left < right);
}

__attribute__((noinline)) static void keep_map(long number) {
    long *entry = malloc(KEPT);
    memset(entry, 1, KEPT);
    *entry = number;
    tsearch(entry, &kept_map, compare);
    if (!fixed_one) return;
    tdelete(entry, &kept_map, compare);
    free(entry);
}

__attribute__((noinline)) static void keep_string(long number) {
    (void)number;
    forgotten = strdup(text);
    if (fixed_one) free(forgotten);
}

__attribute__((noinline)) static void keep_buffer(long number) {
    forgotten = malloc(KEPT);
    memset(forgotten, (int)number, KEPT);
    if (fixed_one) free(forgotten);
}

// What a thread allocates and never frees outlives it.
__attribute__((noinline)) static void *work_of_thread(void *unused) {
    forgotten = malloc(KEPT);
    memset(forgotten, 1, KEPT);
    if (fixed_one) free(forgotten);
    return unused;
}

__attribute__((noinline)) static void keep_threads(long number) {
    pthread_t thread;
    (void)number;
    if (pthread_create(&thread, NULL, work_of_thread, NULL) == 0) pthread_join(thread, NULL);
}

__attribute__((noinline)) static void keep_torrent(long number) {
    keep_buffer(number);
    for (int piece = 0; piece < PIECES; piece++) allocate_and_free(PIECE);
}

int main(int argc, char **argv) {
    const struct {
        const char *name;
        void (*keep)(long);
    } ways[] = {{"list", keep_list},     {"map", keep_map},         {"string", keep_string},
                {"buffer", keep_buffer}, {"threads", keep_threads}, {"torrent", keep_torrent}};
    memset(text, 'x', KEPT - 1);
    fixed_one = argc > 2;
    for (size_t at = 0; argc > 1 && at < sizeof ways / sizeof *ways; at++)
        if (!strcmp(argv[1], ways[at].name)) return live(ways[at].keep);
    return 2;
}
