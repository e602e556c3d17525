// A native program that keeps memory in one way, named by its first argument, and counts its events by netchurn's
// protocol: list, map, string, buffer or threads; a second argument makes it the fixed version, which keeps nothing.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <poll.h>
#include <string>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

static const size_t KEPT = 12000;
static const long INTERVAL_NS = 20000000;
static std::list<std::vector<char>> kept_list;
static std::map<long, std::vector<char>> kept_map;
static std::list<std::string> kept_strings;
static char *volatile forgotten;
static char *volatile sink;
static bool fixed_one;

__attribute__((noinline)) static void keep_list(long) {
    kept_list.emplace_back(KEPT);
    if (fixed_one) kept_list.clear();
}

__attribute__((noinline)) static void keep_map(long number) {
    kept_map.emplace(number, std::vector<char>(KEPT));
    if (fixed_one) kept_map.clear();
}

__attribute__((noinline)) static void keep_string(long) {
    kept_strings.emplace_front(KEPT, 'x');
    if (fixed_one) kept_strings.clear();
}

__attribute__((noinline)) static void keep_buffer(long) {
    forgotten = static_cast<char *>(malloc(KEPT));
    memset(forgotten, 1, KEPT);
    if (fixed_one) free(forgotten);
}

// What a thread allocates and never frees outlives it.
__attribute__((noinline)) static void work_of_thread() {
    char *buffer = static_cast<char *>(malloc(KEPT));
    memset(buffer, 1, KEPT);
    sink = buffer;
    if (fixed_one) free(buffer);
}

__attribute__((noinline)) static void keep_threads(long) { std::thread(work_of_thread).join(); }

__attribute__((noinline)) static void churn() {
    for (int piece = 0; piece < 10; piece++) {
        sink = static_cast<char *>(malloc(KEPT));
        memset(sink, 1, KEPT);
        free(sink);
    }
}

static long now() {
    timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000L + at.tv_nsec;
}

int main(int argc, char **argv) {
    const std::string how = argc > 1 ? argv[1] : "";
    fixed_one = argc > 2;
    void (*keep)(long) = how == "list" ? keep_list : how == "map" ? keep_map : how == "string" ? keep_string
                       : how == "threads" ? keep_threads : keep_buffer;
    printf("{\"event\": \"ready\", \"ifname\": \"wt0\", \"ifindex\": 0, \"at_ns\": %ld}\n", now());
    fflush(stdout);
    long events = 0, due = now();
    for (char word[64];;) {
        due += INTERVAL_NS;
        pollfd input = {STDIN_FILENO, POLLIN, 0};
        long wait = (due - now()) / 1000000;
        if (poll(&input, 1, wait > 0 ? static_cast<int>(wait) : 0) > 0) {
            ssize_t got = read(STDIN_FILENO, word, sizeof word);
            printf("{\"event\": \"work\", \"polls\": 0, \"events\": %ld, \"at_ns\": %ld}\n", events, now());
            fflush(stdout);
            if (got <= 0 || strncmp(word, "mark", 4)) return 0;
        }
        keep(events);
        churn();
        events++;
    }
}
