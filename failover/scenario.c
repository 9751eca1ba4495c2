#include "failover/scenario.h"

#include <string.h>

const struct scenario scenarios[SCENARIO_N] = {
    [DIRECTOR_HANDOVER] = {DIRECTOR_HANDOVER, "director-handover", "planned hand-over of the active director",
        TARGET_ACTIVE, true},
    [DIRECTOR_STOP] = {DIRECTOR_STOP, "director-stop", "clean stop of the active director's keepalived",
        TARGET_ACTIVE, false},
    [DIRECTOR_KILL] = {DIRECTOR_KILL, "director-kill", "SIGKILL of the active director's keepalived",
        TARGET_ACTIVE, false},
    [DIRECTOR_ISOLATE] = {DIRECTOR_ISOLATE, "director-isolate", "the active director's network cut",
        TARGET_ACTIVE, false},
    [DIRECTOR_RETURN] = {DIRECTOR_RETURN, "director-return", "a failed director comes back",
        TARGET_ACTIVE, true},
    [RS_DRAIN] = {RS_DRAIN, "rs-drain", "a real server drained, and back",
        TARGET_REAL_SERVER, true},
    [RS_STOP] = {RS_STOP, "rs-stop", "clean stop of a real server's nginx",
        TARGET_REAL_SERVER, false},
    [RS_KILL] = {RS_KILL, "rs-kill", "SIGKILL of a real server's nginx",
        TARGET_REAL_SERVER, false},
    [RS_ISOLATE] = {RS_ISOLATE, "rs-isolate", "a real server's network cut",
        TARGET_REAL_SERVER, false},
    [NFS_RESTART] = {NFS_RESTART, "nfs-restart", "restart of the NFS server",
        TARGET_NFS, false},
    [NFS_STOP] = {NFS_STOP, "nfs-stop", "the NFS server stopped, and started again",
        TARGET_NFS, false},
};

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < SCENARIO_N; i++)
        if (!strcmp(scenarios[i].name, name))
            return &scenarios[i];
    return NULL;
}
