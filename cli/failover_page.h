#pragma once
/*
 * The parts of the HTML report, for each other only. Everything they write is well-formed XML too,
 * which is how the tests check it.
 */
#include "base/strbuf.h"
#include "cli/failover_words.h"

/* Text of any origin, for an element or a quoted attribute. */
void page_text(struct strbuf *out, const char *s);
/* sb_duration() and friends inside a table's cell: <td data-l="LABEL">...</td>. */
void page_cell(struct strbuf *out, const char *label, const char *text);
void page_duration_cell(struct strbuf *out, const char *label, int64_t us);
void page_badge(struct strbuf *out, enum trial_verdict v);

/* The headline and what it rests on: failover_head.c. */
void page_head(struct strbuf *out, const struct failover_report *r);

/* All scenarios in one table, with a strip of each one's rounds: failover_table.c. */
void page_table(struct strbuf *out, const struct failover_report *r);

/* One scenario: its rounds in words, figures and a table: failover_section.c. */
void page_section(struct strbuf *out, const struct failover_report *r,
                  const struct scenario_summary *s);

/*
 * Backends are drawn as series: each its own up to the number of colours, else the last colour is
 * that of all the others together.
 */
enum { SERIES_MAX = 8 };
size_t series_count(const struct failover_report *r);
size_t series_of(const struct failover_report *r, int backend);
void page_legend(struct strbuf *out, const struct failover_report *r);

/*
 * A trial's requests from..to (microseconds since its load began) as SVG: bars of answers a second
 * where `bars`, latencies, lost requests, marks: failover_figure.c.
 */
struct view {
    int64_t from, to;
    bool bars;
    const char *caption; /* for those who cannot see it */
};
void page_figure(struct strbuf *out, const struct failover_report *r, const struct trial *t,
                 const struct view *v);

/* The text of cli/failover.css. */
extern const char failover_css[];
