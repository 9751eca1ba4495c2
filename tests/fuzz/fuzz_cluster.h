#pragma once
/* A cluster with everything in it, for targets whose parsers need one. */
#include "engine/catalog.h"

/* Indexes of its hosts. */
enum { F_LVS1, F_LVS2, F_WEB1, F_WEB2, F_NFS, F_HOSTS };

/* The same one every time; it lives as long as the process. */
const struct cluster *fuzz_cluster(void);
