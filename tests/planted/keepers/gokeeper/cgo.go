package main

/*
#include <stdlib.h>
#include <string.h>

static char *volatile last;

static void keep_native(size_t bytes) {
    last = malloc(bytes);
    if (last) memset(last, 1, bytes);
}

static void release_native(void) { free(last); last = NULL; }
*/
import "C"

func keepCgo(int) {
	C.keep_native(keptBytes)
	if fixed {
		C.release_native()
	}
}
