#pragma once
/* One secret, typed on the controlling terminal. */
#include <stddef.h>

#include "base/err.h"

/*
 * Show the prompt on /dev/tty and read a line without an echo: 0. The terminal is as before when it
 * returns, and while the process is suspended. ERR_INTERRUPTED: at the first signal (signals.h);
 * ERR_FAILED: there is no terminal, or it hung up. Not for two threads at a time.
 */
int tty_secret(const char *prompt, char *buf, size_t size, struct err *e);
