#pragma once
/* What the text, HTML and JUnit renderings of a failover test say alike. */
#include "base/strbuf.h"
#include "failover/report.h"

/* "0 s", "0.85 ms", "3.2 ms", "320 ms", "1.53 s", "12.4 s"; negative (not seen): "-". */
void sb_duration(struct strbuf *out, int64_t us);
/* "210 to 310 ms", "0.90 to 1.20 s", "up to 310 ms"; "none" for a prediction of nothing; "-" for no
 * prediction. */
void sb_prediction(struct strbuf *out, const struct prediction *p);
/* "2.00 s", or "no loss" where nothing may be lost. */
void sb_allowed(struct strbuf *out, const struct failover_report *r, const struct scenario *sc);
/* "timeout 30, reset 2"; nothing when none was lost. */
void sb_lost_kinds(struct strbuf *out, const struct measured *m);
/* "no service for 320 ms: 32 of 1000 requests lost", in the words of what was seen. */
void sb_outage(struct strbuf *out, const struct measured *m);
/* Why a trial did not pass. */
void sb_reason(struct strbuf *out, const struct failover_report *r, const struct trial *t);

/* The worst that a scenario's rounds came to; skipped only when all of them were. */
enum trial_verdict summary_verdict(const struct scenario_summary *s);

/* What a reader must know to trust a trial's numbers, or to doubt them; one sentence each. */
enum { NOTES_MAX = 8 };
struct notes {
    char *v[NOTES_MAX];
    size_t n;
};
void trial_notes(struct notes *out, const struct failover_report *r, const struct trial *t);
void notes_free(struct notes *n);
