/* A watcher that polls: it looks its interface up twice a second, and ends when the interface is gone.
 *
 * It keeps a page of every look, which nothing ever reads. Built with -DFIXED it gives the page back.
 *
 *   cc -O1 -o leaking poller.c && cc -O1 -DFIXED -o fixed poller.c && ./leaking wt0
 */

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_BYTES 4096

static void look(const char *ifname)
{
	char *history = malloc(PAGE_BYTES);

	if (history == NULL)
		abort();
	memset(history, 1, PAGE_BYTES);
	snprintf(history, PAGE_BYTES, "%s has index %u", ifname, if_nametoindex(ifname));
#ifdef FIXED
	free(history);
#endif
}

int main(int argc, char **argv)
{
	const char *ifname = argc > 1 ? argv[1] : "wt0";
	double interval_s = argc > 2 ? atof(argv[2]) : 0.5;
	struct timespec pause = {(time_t)interval_s, (long)((interval_s - (time_t)interval_s) * 1e9)};
	unsigned index = if_nametoindex(ifname);

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("watching %s\n", ifname);
	while (if_nametoindex(ifname) == index) {
		look(ifname);
		nanosleep(&pause, NULL);
	}
	printf("%s is gone\n", ifname);
	return 1;
}
