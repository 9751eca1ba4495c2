#pragma once
/* The interface of a director that VRRP, the VIPs and connection sync use. */
#include "engine/catalog.h"

/* Of the host, else of vrrp, else the one that holds the host's address. NULL: none, or not there. */
const char *vrrp_interface(const struct catalog *cat, struct err *e);
