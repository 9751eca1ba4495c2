/* What a host says while its logs are read: "KIND REST" a line. */
#include "fuzz.h"
#include "fuzz_cluster.h"
#include "ops/log_merge.h"
#include "ops/log_take.h"

static struct log_merge merged;
static int64_t last_us;

/* In place of logs.c's: its object is not linked. */
void logs_deliver(struct logs *l, struct log_line *line)
{
    (void)l;
    HOLDS(line->service < LOG_SERVICES && line->host && strlen(line->text) <= LOG_RAW_MAX);
    HOLDS(line->priority >= -1 && line->priority <= 7);
    HOLDS(!line->from || (*line->from && strlen(line->from) < LOG_FROM_MAX));
    log_merge_add(&merged, line, log_wall_us());
}

static void in_order(void *ud, const struct log_line *l)
{
    (void)ud;
    HOLDS(l->at_us >= last_us);
    last_us = l->at_us;
}

/* Where reading would go on is within what the host has. */
static void go_on(const struct log_tail *t)
{
    for (enum log_source k = 0; k < LOG_SOURCES; k++) {
        const struct log_place *p = &t->places[k];
        const struct log_file_seen *now = &t->now[k], *old = &t->old[k];
        HOLDS(strlen(p->cursor) < LOG_CURSOR_MAX && p->next >= 0);
        for (int same = 0; same < 2; same++) {
            struct log_catch_up c = log_catch_up(p, now, old, same);
            HOLDS(c.from >= 0 && (c.from <= now->size || !now->there));
            HOLDS(c.old_from >= -1 && (c.old_from <= old->size || !old->there));
            struct script s = {0};
            if (log_source_file(k)) {
                logs_ask_file(&s, k, &c, now, old);
                HOLDS(!strstr(sb_str(&s.text), " -"));
            } else {
                logs_ask_journal(&s, &t->wish, k, p);
            }
            logs_ask_follow(&s, &t->wish, k, p, t->now_s);
            script_free(&s);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct log_tail t; /* large, for its scratch */
    const struct cluster *c = fuzz_cluster();
    const struct logs_options o = {.services = LOG_ALL};
    autofree char *text = fuzz_text(data, size);
    const char *rest = text;
    t = (struct log_tail){
        .options = &o,
        .wish = {.cluster = c, .host = &c->hosts[F_WEB1], .services = LOG_ALL},
        .stream = {.timer_fd = -1},
    };
    for (char *line; (line = fuzz_line(&rest)); free(line)) {
        struct err e = {0};
        char *kind = line, *said = line + strcspn(line, " ");
        if (*said)
            *said++ = '\0';
        if (log_take(&t, kind, said, &e) < 0)
            HOLDS(*e.msg && !strcmp(kind, "over"));
    }
    go_on(&t);
    last_us = INT64_MIN;
    log_merge_take(&merged, INT64_MAX, in_order, NULL);
    log_merge_free(&merged);
    merged = (struct log_merge){0};
    return 0;
}
