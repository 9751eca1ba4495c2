#pragma once
/*
 * Ctrl-C, SIGTERM and SIGHUP. The first asks everything to end in order: steps that hosts are
 * carrying out are finished by the hosts, nothing new is begun. A second one ends the process.
 */
#include <stdbool.h>

#include "base/err.h"

/* Once, before the first thread; signals that were ignored at the start (nohup) stay so. */
int signals_init(struct err *e);
/* An eventfd that becomes readable, for good, at the first signal. Nobody reads it. */
int signals_fd(void);
bool signals_seen(void);

/*
 * While a display owns the screen (with the cursor hidden), the notice of a first signal is not
 * written by the handler but taken, once, by the display.
 */
void signals_screen(bool taken);
bool signals_take_notice(void);
/* What a second signal writes to give the screen back, instead of just showing the cursor. */
void signals_screen_end(const char *sequence);
extern const char signals_notice[];
