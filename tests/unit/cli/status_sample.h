#pragma once
/* Made-up status reports of the reference cluster for render_tool. */
#include "ops/status.h"

/* As it should be; after a second look. To be freed with status_report_free(). */
void sample_healthy(struct status_report *r);
/* Two holders, a dead real server, hosts away, and hostile text that slipped through. */
void sample_broken(struct status_report *r);
