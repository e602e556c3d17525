// A program in C++ that keeps memory in one way, named by its first argument: list, map, string, buffer or threads; a
// second argument makes it the fixed version, which keeps nothing.
#include <list>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "keeper.h"

static std::list<std::vector<char>> kept_list;
static std::map<long, std::vector<char>> kept_map;
static std::list<std::string> kept_strings;
static char *volatile forgotten;

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
    forgotten = new char[KEPT]();
    if (fixed_one) delete[] forgotten;
}

// What a thread allocates and never frees outlives it.
__attribute__((noinline)) static void work_of_thread() {
    forgotten = new char[KEPT]();
    if (fixed_one) delete[] forgotten;
}

__attribute__((noinline)) static void keep_threads(long) { std::thread(work_of_thread).join(); }

int main(int argc, char **argv) {
    const std::map<std::string, void (*)(long)> ways = {
        {"list", keep_list}, {"map", keep_map}, {"string", keep_string}, {"buffer", keep_buffer}, {"threads", keep_threads}};
    const auto way = ways.find(argc > 1 ? argv[1] : "");
    fixed_one = argc > 2;
    return way == ways.end() ? 2 : live(way->second);
}
