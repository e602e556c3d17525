/* One process that leaks in one way, named by its first argument, until it is killed: the truth of tests/planted.
 *
 * A step is made every tenth of a second; the rates are above the default thresholds, 4 MiB and 12 of a kind an hour.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20, TICK_US = 100000, PAIRS = 200 };
static const size_t ROOM = 192 * MIB;

static char *room(int flags, int fd) {
    char *at = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (at == MAP_FAILED) { perror("mmap"); exit(1); }
    return at;
}

static void touch(char *at, size_t size) {
    for (size_t page = 0; page < size; page += PAGE) at[page] = 1;
}

static void *sleeper(void *stack_bytes) {
    size_t size = (size_t)stack_bytes;
    volatile char used[size];
    for (size_t at = 0; at < size; at += PAGE) used[at] = 1;
    for (;;) used[0] = (char)pause();
    return NULL;
}

static void thread(size_t stack_bytes) {
    pthread_t id;
    if (pthread_create(&id, NULL, sleeper, (void *)stack_bytes)) { perror("pthread_create"); exit(1); }
}

static void child(int leaks) {
    if (fork()) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        if (leaks) memset(malloc(2 * PAGE), 1, 2 * PAGE);
        usleep(TICK_US);
    }
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    int pairs[PAIRS][2], fd = -1;
    char *at = NULL, text[PAGE];
    memset(text, 1, sizeof text);
#define IS(name) (!strcmp(how, name))
    if (IS("huge_pages") || IS("lazily_freed")) at = room(MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (IS("huge_pages")) {
        at = (char *)(((size_t)at + 2 * MIB - 1) & ~(size_t)(2 * MIB - 1));
        madvise(at, ROOM - 2 * MIB, MADV_HUGEPAGE);
    }
    if (IS("lazily_freed")) madvise(at, ROOM, MADV_NOHUGEPAGE);
    if (IS("memfd_mapped") || IS("memfd_unmapped")) fd = memfd_create("planted", MFD_CLOEXEC);
    if (IS("memfd_mapped")) { if (ftruncate(fd, ROOM)) return 1; at = room(MAP_SHARED, fd); }
    if (IS("file_mapped")) {
        char path[] = "planted-XXXXXX";
        fd = mkstemp(path);
        unlink(path);
        for (size_t done = 0; done < ROOM / 4; done += PAGE) if (write(fd, text, PAGE) != PAGE) return 1;
        at = room(MAP_SHARED, fd);
    }
    if (IS("socket_buffers"))
        for (int pair = 0; pair < PAIRS; pair++) if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pairs[pair])) return 1;
    if (IS("child")) child(1);
    puts("planted");
    fflush(stdout);
    for (long step = 0;; step++) {
        if (IS("heap")) memset(malloc(2 * PAGE), 1, 2 * PAGE);
        if (IS("thread_stacks") && step % 20 == 0) thread(64 * 1024);
        if (IS("threads") && step % 250 == 0) thread(PAGE);
        if (IS("descriptors") && step % 5 == 0) (void)!open("/dev/null", O_RDONLY);
        if (IS("event_descriptors") && step % 5 == 0) eventfd(0, 0);
        if (IS("netlink_sockets") && step % 5 == 0) socket(AF_NETLINK, SOCK_RAW, 0);
        if (IS("socket_buffers"))
            for (int pair = 0, sent = 0; pair < PAIRS && !sent; pair++) sent = send(pairs[pair][0], text, 2000, 0) > 0;
        if (IS("file_mapped") && (size_t)(step + 1) * PAGE < ROOM / 4) { volatile char one = at[step * PAGE]; (void)one; }
        if (IS("memfd_mapped")) touch(at + (size_t)step * 2 * PAGE % ROOM, 2 * PAGE);
        if (IS("memfd_unmapped")) for (int more = 0; more < 2; more++) (void)!write(fd, text, PAGE);
        if (IS("children") && step % 50 == 0) child(0);
        if (IS("huge_pages") && step % 100 == 0) touch(at + (size_t)step / 100 * 2 * MIB % (ROOM - 2 * MIB), 2 * MIB);
        if (IS("lazily_freed")) {
            touch(at + (size_t)step * 2 * PAGE % ROOM, 2 * PAGE);
            madvise(at + (size_t)step * 2 * PAGE % ROOM, 2 * PAGE, MADV_FREE);
        }
        if (IS("fragmentation") && step < 1500) { /* half of what is allocated is freed, in holes; it ends after 150 s */
            void *kept = malloc(3000), *freed = malloc(3000);
            memset(kept, 1, 3000);
            memset(freed, 1, 3000);
            free(freed);
        }
        usleep(TICK_US);
    }
}
