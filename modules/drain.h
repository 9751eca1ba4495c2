#pragma once
/* Who gets no new connections: see struct drained in engine/facts.h. */
#include "engine/catalog.h"

/* A real server's weight in the table: 0 for one that is drained. */
unsigned drain_weight(const struct catalog *cat, const struct host *rs);
/*
 * Before 2.2.0 there are versions that refuse weight 0 or program 1 (keepalived_version.c). There, a
 * drained server keeps its weight and fails a check, which with inhibit_on_failure makes it 0.
 */
bool drain_by_check(struct version v);
/* Declare the director's list, if there is anything to say. */
void drain_list(struct catalog *cat);
