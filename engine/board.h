#pragma once
/*
 * The board on which workers post the milestones their hosts have reached and wait for those of
 * others. A host that has ended, well or badly, will post nothing more.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "inventory/cluster.h"

enum milestone_state { MILESTONE_PENDING, MILESTONE_REACHED, MILESTONE_LOST };

struct board;

struct board *board_new(size_t n_hosts);
void board_free(struct board *b);
void board_reset(struct board *b); /* before a pass */
void board_post(struct board *b, const struct host *h, const char *milestone);
/* Whatever is asked of this host has happened already. */
void board_assume(struct board *b, const struct host *h);
/* The host's pass is over; `code` is ERR_NONE or why it failed. */
void board_end(struct board *b, const struct host *h, enum err_code code);
/* For MILESTONE_LOST, *why (may be NULL) is that host's error code. */
enum milestone_state board_state(struct board *b, const struct host *h, const char *milestone,
                                 enum err_code *why);

/* An eventfd that is written to at every change, for one waiting worker. */
int board_subscribe(struct board *b); /* -1 with errno */
void board_unsubscribe(struct board *b, int fd);
/* Wake all that wait, though nothing has changed. */
void board_wake(struct board *b);
