#pragma once
/* The same job for each of many, several at once: what waits for time limits waits for them
 * together. */
#include <stddef.h>

/* Calls job(ud, 0) to job(ud, n - 1), each once, from up to 16 threads; returns when all are done.
 */
void fan_out(size_t n, void (*job)(void *ud, size_t i), void *ud);
