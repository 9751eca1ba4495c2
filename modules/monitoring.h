#pragma once
/* What the modules of monitoring share: exporters.c, metrics.c, monitoring.c and its rules. */
#include "engine/catalog.h"

/* Debian's units; the daemons' own files are in monitoring.c. */
#define NODE_EXPORTER_UNIT "prometheus-node-exporter.service"
#define NGINX_EXPORTER_UNIT "prometheus-nginx-exporter.service"
#define PROMETHEUS_UNIT "prometheus.service"
#define PROMETHEUS_YML "/etc/prometheus/prometheus.yml"
#define PROMETHEUS_RULES "/etc/prometheus/clusterctl.rules.yml"

/* The alerts of the cluster, rendered; NULL on error. */
const char *monitoring_rules(struct catalog *cat, struct err *e);
