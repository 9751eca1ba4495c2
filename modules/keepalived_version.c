#include "modules/keepalived_version.h"

/*
 * The one table of version limits: the first release that has a feature, and where it came and went
 * the releases that lack it again. Sources: keepalived's ChangeLog (to 2.0.20), its release notes
 * (from 2.1.0), its source, and trying; see FIELD-NOTES. A feature whose first release is not known
 * for sure is used from the first one that was tried.
 */
static const struct {
    struct version since;
    struct version lost, back; /* not in [lost, back); 0.0.0: never lost */
} table[] = {
    [KEEPALIVED_TEST] = {{2, 0, 5}, {0}, {0}},              /* ChangeLog: 2.0.4 answers 0 always */
    [KEEPALIVED_FRACTIONAL_ADVERT] = {{2, 0, 0}, {0}, {0}}, /* 1.3.5 is not trusted with any */
    [KEEPALIVED_V3_CHECKSUM] = {{2, 0, 0}, {0}, {0}},       /* ChangeLog */
    [KEEPALIVED_RETRY] = {{1, 3, 7}, {0}, {0}},             /* source */
    [KEEPALIVED_RETRY_ZERO] = {{1, 3, 7}, {0}, {0}},        /* 1.3.5 never marks down: tried */
    [KEEPALIVED_FRACTIONAL_CHECK] = {{2, 0, 13}, {0}, {0}}, /* ChangeLog */
    [KEEPALIVED_STARTUP_DELAY] = {{2, 0, 14}, {0}, {0}},    /* ChangeLog */
    [KEEPALIVED_PEER_TTL] = {{2, 2, 7}, {0}, {0}},          /* tried; added in 2020 (#1612) */
    [KEEPALIVED_TRACK_FILE] = {{2, 1, 0}, {0}, {0}},        /* 2.0.x: vrrp_track_file; source */
    [KEEPALIVED_UDP_CHECK] = {{2, 1, 0}, {0}, {0}},         /* added in January 2020 (#1485) */
    [KEEPALIVED_NOTIFY_FIFO] = {{2, 2, 7}, {0}, {0}},       /* tried; it is older */
    /* 2.0.0 to 2.0.15 refuse it, 2.1.5 programs 1, 2.2.0 is right; between them nobody looked. */
    [KEEPALIVED_WEIGHT_ZERO] = {{1, 3, 5}, {2, 0, 0}, {2, 2, 0}},
};

bool keepalived_has(struct version v, enum keepalived_feature f)
{
    if (version_cmp(v, table[f].since) < 0)
        return false;
    return version_cmp(v, table[f].lost) < 0 || version_cmp(v, table[f].back) >= 0;
}
