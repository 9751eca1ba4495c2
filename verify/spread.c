#include "verify/spread.h"

#include <string.h>

#include "base/mem.h"

enum spread_kind spread_kind(const char *scheduler, bool persistent)
{
    static const struct {
        const char *name;
        enum spread_kind kind;
    } known[] = {
        {"rr", SPREAD_TURNS}, {"wrr", SPREAD_TURNS}, {"lc", SPREAD_LOAD},   {"wlc", SPREAD_LOAD},
        {"sed", SPREAD_LOAD}, {"nq", SPREAD_LOAD},   {"sh", SPREAD_ONE},    {"mh", SPREAD_ONE},
        {"dh", SPREAD_ONE},   {"lblc", SPREAD_ONE},  {"lblcr", SPREAD_ONE}, {"fo", SPREAD_ONE},
    };
    if (persistent)
        return SPREAD_ONE;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (!strcmp(known[i].name, scheduler))
            return known[i].kind;
    return SPREAD_UNKNOWN;
}

bool spread_weighted(const char *scheduler)
{
    return strcmp(scheduler, "rr") != 0 && strcmp(scheduler, "lc") != 0;
}

static unsigned gcd(unsigned a, unsigned b)
{
    while (b) {
        unsigned t = a % b;
        a = b;
        b = t;
    }
    return a;
}

static unsigned weight_of(bool weighted, const struct spread *s)
{
    return weighted ? s->weight : s->weight > 0;
}

/* The divisor that wrr's turns are made with (ip_vs_wrr_gcd_weight()); 1 when all weights are 0. */
static unsigned divisor(bool weighted, const struct spread *v, size_t n)
{
    unsigned g = 0;
    for (size_t i = 0; i < n; i++)
        g = gcd(g, weight_of(weighted, &v[i]));
    return g ? g : 1;
}

unsigned spread_cycle(bool weighted, const struct spread *v, size_t n)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight_of(weighted, &v[i]);
    sum /= divisor(weighted, v, n);
    return sum < 1 ? 1 : sum > 1000000 ? 1000000 : (unsigned)sum;
}

static unsigned less(unsigned a, unsigned b)
{
    return a > b ? a - b : 0;
}

static void bounds_of_turns(struct spread *s, unsigned w, unsigned cycle, unsigned total)
{
    unsigned full = total / cycle * w, rest = total % cycle;
    s->low = less(full + less(rest, cycle - w), 1);
    s->high = full + (rest < w ? rest : w) + 1;
    if (full && !s->low) /* a server that never had its turn is no matter of tolerance */
        s->low = 1;
}

/* `variance`: of the hits, where chance has a hand in them; else 0. */
static void bounds_about(struct spread *s, double variance)
{
    enum { DEVIATIONS_SQUARED = 20 }; /* 4.5 */
    double by = s->expected / 2 < 2 ? 2 : s->expected / 2;
    while (by * by < DEVIATIONS_SQUARED * variance)
        by++;
    s->low = s->expected > by ? (unsigned)(s->expected - by) : 0;
    s->high = (unsigned)(s->expected + by);
}

void spread_bounds(enum spread_kind kind, bool weighted, struct spread *v, size_t n, unsigned total)
{
    unsigned cycle = spread_cycle(weighted, v, n), g = divisor(weighted, v, n);
    for (size_t i = 0; i < n; i++) {
        struct spread *s = &v[i];
        unsigned w = weight_of(weighted, s) / g;
        if (w > cycle)
            w = cycle;
        s->expected = (double)total * w / cycle;
        s->low = 0;
        s->high = w ? total : 0;
        if (!w)
            continue;
        if (kind == SPREAD_TURNS)
            bounds_of_turns(s, w, cycle, total);
        else if (kind == SPREAD_LOAD)
            bounds_about(s, 0);
        else if (kind == SPREAD_AMONG)
            bounds_about(s, s->expected * (1 - (double)w / cycle));
    }
}

bool spread_within(const struct spread *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].hits < v[i].low || v[i].hits > v[i].high)
            return false;
    return true;
}
