#include "ops/logs_ask.h"

#include <inttypes.h>

#include "base/quote.h"
#include "engine/host_clock.h"
#include "ops/log_syslog.h"

/*
 * P SOURCE [PATTERN]: lines on standard input become lines of ours. grep numbers and marks them,
 * cut bounds them: a line that goes out in one write of less than PIPE_BUF never mixes with another
 * process'. at_line FILE N SIZE: where the last N lines of its first SIZE bytes begin. at_time FILE
 * YYYYMMDDhhmmss: where the first line of that time or a later one begins, in the host's own time
 * as nginx and syslog write it. O FILE: its name after the last rotation, by number or (dateext) by
 * date. F WHAT SOURCE FILE WANTED...: say what there is. M: the same of syslog's file, of lines
 * that match $X; it ends for us where the journal begins ($T).
 */
static const char functions_sh[] =
    "P() {\n"
    "  grep -abHE --line-buffered --label=\"@$N l $1\" \"${2-}\" | stdbuf -oL cut -b 1-4000\n"
    "}\n"
    "at_line() {\n"
    "  k=$(($3 - $2 * 4096)); [ $k -gt 0 ] || k=0\n"
    "  b=$(tail -c +$((k + 1)) \"$1\" | head -c $(($3 - k)) | tail -n $2 | wc -c)\n"
    "  echo $(($3 - b))\n"
    "}\n"
    "at_time() {\n"
    "  awk -v want=\"$2\" -v soon=$(date -d \"@$((now + 86400))\" +%Y%m%d%H%M%S) '\n"
    "    BEGIN { months = \"JanFebMarAprMayJunJulAugSepOctNovDec\" }\n"
    "    { key = \"\" }\n"
    "    match($0, /^[0-9][0-9][0-9][0-9].[0-9][0-9].[0-9][0-9][ "
    "T][0-9][0-9]:[0-9][0-9]:[0-9][0-9]/) {\n"
    "      key = substr($0, 1, 19); gsub(/[^0-9]/, \"\", key)\n"
    "    }\n"
    "    key == \"\" && match($0, /\\[[0-9][0-9].[A-Z][a-z][a-z].[0-9][0-9][0-9][0-9]:[0-9][0-9]:"
    "[0-9][0-9]:[0-9][0-9] /) {\n"
    "      t = substr($0, RSTART + 1, 20)\n"
    "      m = (index(months, substr(t, 4, 3)) + 2) / 3\n"
    "      key = substr(t, 8, 4) sprintf(\"%02d\", m) substr(t, 1, 2) substr(t, 13, 2) \\\n"
    "        substr(t, 16, 2) substr(t, 19, 2)\n"
    "    }\n"
    "    key == \"\" && match($0, /^[A-Z][a-z][a-z] [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] "
    "/) {\n"
    "      m = (index(months, substr($0, 1, 3)) + 2) / 3\n"
    "      t = sprintf(\"%02d%02d\", m, substr($0, 5, 2)) substr($0, 8, 2) substr($0, 11, 2) \\\n"
    "        substr($0, 14, 2)\n"
    "      y = substr(soon, 1, 4)\n"
    "      key = (y t \"\" > soon \"\" ? y - 1 : y) t\n" /* as log_syslog.c does */
    "    }\n"
    "    key != \"\" && key \"\" >= want \"\" { print at + 0; found = 1; exit }\n"
    "    { at += length($0) + 1 }\n"
    "    END { if (!found) printf \"%d\\n\", at }' \"$1\"\n"
    "}\n"
    "O() {\n"
    "  o=$1.1\n"
    "  for f in \"$1\"-[0-9]*; do\n"
    "    case $f in *.gz | *.bz2 | *.xz | *.zst) continue ;; esac\n"
    "    [ ! -f \"$f\" ] || [ \"$o\" -nt \"$f\" ] || o=$f\n"
    "  done\n"
    "  printf '%s\\n' \"$o\"\n"
    "}\n"
    "F() {\n"
    "  [ -f \"$3\" ] || return 0\n"
    "  set -- \"$@\" $(stat -c '%i %s' \"$3\")\n"
    "  case $4 in\n"
    "  lines) s=$(at_line \"$3\" $5 $7) ;;\n"
    "  *) s=$(at_time \"$3\" $(date -d \"@$5\" +%Y%m%d%H%M%S)) ;;\n"
    "  esac\n"
    "  r $1 $2 $6 $7 \"$s\"\n"
    "}\n"
    "M() {\n"
    "  [ -f \"$3\" ] || return 0\n"
    "  set -- \"$@\" $(stat -c '%i %s' \"$3\")\n"
    "  z=$7\n"
    "  [ -z \"$T\" ] || z=$(at_time \"$3\" $(date -d \"@${T%??????}\" +%Y%m%d%H%M%S))\n"
    "  case $4 in\n"
    "  lines)\n"
    "    s=$(head -c $z \"$3\" | grep -abE \"$X\" | tail -n $5 |\n"
    "      awk -F: -v n=$5 'NR == 1 { b = $1 } END { print NR < n ? 0 : b }') ;;\n"
    "  *) s=$(at_time \"$3\" $(date -d \"@$5\" +%Y%m%d%H%M%S)) ;;\n"
    "  esac\n"
    "  r $1 $2 $6 $z \"$s\"\n"
    "}\n"
    "S() {\n" /* SOURCE FILE FROM TO [PATTERN]: that much of a file */
    "  r at $1 $3\n"
    "  [ $4 -gt $3 ] || return 0\n"
    "  tail -c +$(($3 + 1)) \"$2\" | head -c $(($4 - $3)) | P $1 \"${5-}\"\n"
    "}\n"
    "J() {\n"
    "  journalctl -q --no-pager -o json --output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_PID,"
    "_SOURCE_REALTIME_TIMESTAMP,_SYSTEMD_UNIT,UNIT \"$@\" 2>/dev/null\n"
    "}\n";

static const char *const files[LOG_SOURCES] = {
    [SOURCE_ACCESS] = "/var/log/nginx/access.log",
    [SOURCE_ERROR] = "/var/log/nginx/error.log",
    [SOURCE_MESSAGES] = "/var/log/messages",
};

/* Whose service is found in which source of whom. `unit` NULL: no unit, or the mount's. */
static const struct {
    enum log_service service;
    unsigned roles;
    enum log_source source;
    const char *unit;
} sources[] = {
    {LOG_KEEPALIVED, ROLE_DIRECTOR, SOURCE_UNITS, "keepalived.service"},
    {LOG_IPVS, ROLE_DIRECTOR, SOURCE_UNITS, "clusterctl-sync.service"},
    {LOG_IPVS, ROLE_DIRECTOR, SOURCE_KERNEL, NULL},
    {LOG_NFS, ROLE_NFS, SOURCE_UNITS, "nfs-server.service"},
    {LOG_NFS, ROLE_NFS, SOURCE_UNITS, "nfs-mountd.service"},
    {LOG_NFS, ROLE_NFS, SOURCE_UNITS, "nfs-idmapd.service"},
    {LOG_NFS, ROLE_NFS, SOURCE_UNITS, "nfsdcld.service"},
    {LOG_NFS, ROLE_NFS | ROLE_REAL_SERVER, SOURCE_UNITS, "rpc-statd.service"},
    {LOG_NFS, ROLE_REAL_SERVER, SOURCE_UNITS, NULL},
    {LOG_NFS, ROLE_NFS | ROLE_REAL_SERVER, SOURCE_KERNEL, NULL},
    {LOG_NGINX, ROLE_REAL_SERVER, SOURCE_UNITS, "nginx.service"},
    {LOG_NGINX_ACCESS, ROLE_REAL_SERVER, SOURCE_ACCESS, NULL},
    {LOG_NGINX_ERROR, ROLE_REAL_SERVER, SOURCE_ERROR, NULL},
};

static bool wanted(const struct logs_wish *w, size_t i, enum log_source s)
{
    return sources[i].source == s && sources[i].roles & w->host->roles &&
           w->services & 1u << sources[i].service;
}

bool logs_has_source(const struct logs_wish *w, enum log_source s)
{
    if (s == SOURCE_MESSAGES)
        return log_syslog_has(w->services, w->host->roles);
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (wanted(w, i, s))
            return true;
    return false;
}

const char *log_source_file(enum log_source s)
{
    return files[s];
}

/* What of the journal: alternatives, joined by a plus sign. */
static void units(struct script *s, const struct logs_wish *w)
{
    const char *plus = "";
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (!wanted(w, i, SOURCE_UNITS) || (!sources[i].unit && !w->cluster->nfs.export_path))
            continue;
        const char *unit = sources[i].unit ? sources[i].unit : "\"$M\"";
        script_addf(s, "%s _SYSTEMD_UNIT=%s + _PID=1 UNIT=%s", plus, unit, unit);
        plus = " +";
    }
}

/* The kernel's lines have no unit; with --grep, --lines gives the newest first. */
static void kernel(struct script *s, const struct logs_wish *w)
{
    bool ipvs = w->services & 1u << LOG_IPVS && w->host->roles & ROLE_DIRECTOR;
    bool nfs = w->services & 1u << LOG_NFS && w->host->roles & (ROLE_NFS | ROLE_REAL_SERVER);
    script_addf(s, " --grep='^(%s%s%s)' _TRANSPORT=kernel", ipvs ? "IPVS" : "",
                ipvs && nfs ? "|" : "", nfs ? "nfs|NFS|RPC|lockd|rpc" : "");
}

static void matches(struct script *s, const struct logs_wish *w, enum log_source source)
{
    if (source == SOURCE_KERNEL)
        kernel(s, w);
    else
        units(s, w);
}

/* What M and P need to know; `r journal US`: when its first line was written. */
static void messages(struct script *s, const struct logs_wish *w)
{
    autosb struct strbuf pattern = {0};
    log_syslog_pattern(&pattern, w->services, w->host->roles);
    script_add(s, "X=");
    quote_sh(&s->text, sb_str(&pattern));
    script_addf(s,
                "\nT=\n"
                "if [ -e %s ]; then\n"
                "  T=$(J --system | head -n 1 |\n"
                "    sed -n 's/.*\"__REALTIME_TIMESTAMP\" *: *\"\\([0-9]\\{7,\\}\\)\".*/\\1/p')\n"
                "  [ -z \"$T\" ] || r journal \"$T\"\n"
                "fi\n",
                files[SOURCE_MESSAGES]);
}

void logs_ask_hello(struct script *s, const struct logs_wish *w, int64_t ago_s,
                    const int64_t after_s[static LOG_SOURCES])
{
    script_add(s, functions_sh);
    script_add(s, "{\n");
    script_add(s, clock_sh);
    script_add(s, "now=$(date +%s)\n"
                  "r now $now; r zone \"$(date +%z)\"\n"
                  "r boot \"$(cat /proc/sys/kernel/random/boot_id)\"\n");
    if (w->cluster->nfs.export_path) {
        script_add(s, "M=$(systemd-escape -p --suffix=mount");
        script_arg(s, w->cluster->nfs.mount_path);
        script_add(s, ")\n");
    }
    for (enum log_source k = 0; k < LOG_SOURCES; k++) {
        if (!files[k] || !logs_has_source(w, k))
            continue;
        if (k == SOURCE_MESSAGES)
            messages(s, w);
        for (int old = 0; old < 2; old++) {
            script_addf(s, old ? "%s old %d \"$(O %s)\"" : "%s file %d %s",
                        k == SOURCE_MESSAGES ? "M" : "F", (int)k, files[k]);
            if (after_s[k] >= 0)
                script_addf(s, " time %" PRId64 "\n", after_s[k]);
            else if (ago_s >= 0)
                script_addf(s, " time $((now - %" PRId64 "))\n", ago_s);
            else
                script_addf(s, " lines %u\n", w->lines);
        }
    }
    script_add(s, "m hello\n} </dev/null\n");
}

void logs_ask_journal(struct script *s, const struct logs_wish *w, enum log_source source,
                      const struct log_place *p)
{
    script_add(s, "J");
    if (p->known && p->cursor[0]) {
        script_add(s, " --after-cursor=");
        quote_sh(&s->text, p->cursor);
    } else if (p->known && p->last_us) {
        script_addf(s, " --since=@%" PRId64, p->last_us / 1000000);
    } else if (w->since_us) {
        script_addf(s, " --since=@%" PRId64, w->since_us / 1000000);
    }
    if (!p->known && w->lines)
        script_addf(s, " -n %u", w->lines);
    matches(s, w, source);
    script_addf(s, " </dev/null | P %d\n", (int)source);
}

static const char *pattern(enum log_source source)
{
    return source == SOURCE_MESSAGES ? " \"$X\"" : "";
}

void logs_ask_file(struct script *s, enum log_source source, const struct log_catch_up *c,
                   const struct log_file_seen *now, const struct log_file_seen *old)
{
    if (c->old_from >= 0)
        script_addf(s, "S %d \"$(O %s)\" %" PRId64 " %" PRId64 "%s </dev/null\n", (int)source,
                    files[source], c->old_from, old->size, pattern(source));
    if (now->there)
        script_addf(s, "S %d %s %" PRId64 " %" PRId64 "%s </dev/null\n", (int)source, files[source],
                    c->from, now->size, pattern(source));
}

void logs_ask_follow(struct script *s, const struct logs_wish *w, enum log_source source,
                     const struct log_place *p, int64_t now_s)
{
    script_add(s, "( ");
    if (files[source]) {
        script_addf(s, "r at %d %" PRId64 "\ntail -c +%" PRId64 " -F %s 2>/dev/null", (int)source,
                    p->next, p->next + 1, files[source]);
    } else {
        script_add(s, "J -f --no-tail");
        if (p->cursor[0]) {
            script_add(s, " --after-cursor=");
            quote_sh(&s->text, p->cursor);
        } else {
            script_addf(s, " --since=@%" PRId64, now_s);
        }
        matches(s, w, source);
    }
    script_addf(s, " | P %d%s\nm over %d ) </dev/null &\n", (int)source, pattern(source),
                (int)source);
}

/*
 * Whatever becomes of us, the end of our connection ends standard input, and with it the whole
 * process group, which is the session's own (sshd makes one for each command). What it says every
 * few seconds also makes the host's TCP notice that we are gone.
 */
const char logs_stay_sh[] = "while sleep 5; do r clock \"$(date +%s%N)\"; done </dev/null &\n"
                            "m following\n"
                            "while read -r x; do :; done\n"
                            "trap : TERM\n"
                            "kill 0\n";
