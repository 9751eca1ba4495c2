#pragma once
/* What Prometheus has seen, asked on its own host: it listens on the loopback interface alone. */
#include "base/mem.h"
#include "base/vec.h"
#include "engine/script.h"

/* Strings are as long as a label may be, and not yet safe to print. */
struct prometheus_target {
    const char *job, *host;
    bool up;
};

struct prometheus_alert {
    const char *name;
    const char *host;    /* whom it blames; NULL: nobody by name */
    const char *subject; /* the VIP or the service it is about, or NULL */
};

struct prometheus {
    bool read;         /* the answer was read to its end */
    const char *error; /* why it was not; safe to print */
    const char *bad;   /* a line that is not understood */
    VEC(struct prometheus_target) targets; /* everyone it has asked */
    VEC(struct prometheus_alert) alerts;   /* those that fire */
};

/* The question: records "prometheus LINE", "prometheus_error TEXT", "prometheus_end". */
void prometheus_ask(struct script *s);
/* One of them; `value` is cut up. */
void prometheus_record(struct prometheus *p, struct arena *a, const char *what, char *value);
void prometheus_free(struct prometheus *p);
