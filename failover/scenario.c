#include "failover/scenario.h"

#include <string.h>

#include "base/mem.h"

/* A director's return and a hand-over come after its failures: they start from a settled pair. */
const struct scenario scenarios[] = {
    {"director-handover", "planned hand-over of the active director", TARGET_ACTIVE, true},
    {"director-stop", "clean stop of the active director's keepalived", TARGET_ACTIVE, false},
    {"director-kill", "SIGKILL of the active director's keepalived", TARGET_ACTIVE, false},
    {"director-isolate", "the active director's network cut", TARGET_ACTIVE, false},
    {"director-return", "a failed director comes back", TARGET_ACTIVE, true},
    {"rs-drain", "a real server drained, and back", TARGET_REAL_SERVER, true},
    {"rs-stop", "clean stop of a real server's nginx", TARGET_REAL_SERVER, false},
    {"rs-kill", "SIGKILL of a real server's nginx", TARGET_REAL_SERVER, false},
    {"rs-isolate", "a real server's network cut", TARGET_REAL_SERVER, false},
    {"nfs-restart", "restart of the NFS server", TARGET_NFS, false},
    {"nfs-stop", "the NFS server stopped, and started again", TARGET_NFS, false},
};
const size_t n_scenarios = ARRAY_LEN(scenarios);

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < n_scenarios; i++)
        if (!strcmp(scenarios[i].name, name))
            return &scenarios[i];
    return NULL;
}
