#include "base/trace.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/quote.h"
#include "base/strmap.h"
#include "base/vec.h"

struct lane {
    const char *name;
    size_t number; /* from 1 */
};

struct span {
    const struct lane *lane;
    const char *name;
    int64_t began_us, lasted_us;
};

static atomic_bool on;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all below */
static int64_t started_us;
static struct arena texts;
static VEC(struct span) spans;
static VEC(struct lane *) lanes;
static struct strmap by_name; /* of lanes: there may be thousands */

void trace_start(void)
{
    started_us = clock_us();
    on = true;
}

static const struct lane *lane_of(const char *name)
{
    struct lane *l = strmap_get(&by_name, name);
    if (l)
        return l;
    l = arena_new(&texts, struct lane);
    *l = (struct lane){arena_strdup(&texts, name), lanes.n + 1};
    strmap_add(&by_name, l->name, l);
    *vec_push(&lanes) = l;
    return l;
}

void trace_since(int64_t began_us, const char *lane, const char *name)
{
    if (!on)
        return;
    int64_t lasted = clock_us() - began_us;
    pthread_mutex_lock(&lock);
    *vec_push(&spans) =
        (struct span){lane_of(lane), arena_strdup(&texts, name), began_us - started_us, lasted};
    pthread_mutex_unlock(&lock);
}

struct trace_span trace_begin(const char *lane, const char *name)
{
    return (struct trace_span){lane, name, on ? clock_us() : 0};
}

void trace_end(struct trace_span *s)
{
    if (s->began_us)
        trace_since(s->began_us, s->lane, s->name);
}

/* The process and its threads are what the format calls lanes. */
void trace_write(struct strbuf *out)
{
    const char *comma = "";
    pthread_mutex_lock(&lock);
    on = false;
    sb_add(out, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    for (size_t i = 0; i < lanes.n; i++, comma = ",") {
        sb_addf(out, "%s\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":%zu,\"args\":{\"name\":", comma,
                lanes.v[i]->number);
        quote_json(out, lanes.v[i]->name);
        sb_add(out, "}}");
    }
    for (size_t i = 0; i < spans.n; i++, comma = ",") {
        const struct span *s = &spans.v[i];
        sb_addf(out, "%s\n{\"ph\":\"X\",\"pid\":1,\"tid\":%zu,\"ts\":%lld,\"dur\":%lld,\"name\":", comma, s->lane->number,
                (long long)s->began_us, (long long)s->lasted_us);
        quote_json(out, s->name);
        sb_add(out, "}");
    }
    sb_add(out, "\n]}\n");
    vec_free(&spans);
    vec_free(&lanes);
    strmap_free(&by_name);
    arena_free(&texts);
    pthread_mutex_unlock(&lock);
}
