#include "engine/putfile.h"

#include <string.h>

#include "base/parse.h"

/*
 * check_file NAME CANDIDATE TARGET: keepalived -t answers 0 for some files it will misread, so any
 * output counts as a refusal. nginx only ever sees whole trees: the candidate is tried in a copy of
 * /etc/nginx mounted over the real one in a mount namespace of its own, which unshare(1) of EL 7 does
 * not make private by itself.
 *
 * note_pending UNIT HOW: remembered on disk before the file changes and taken away after the reload,
 * so that a run that is cut off between the two is completed by the next.
 */
const char putfile_functions[] =
    "ob_content() {\n"
    "  [ -f \"$2\" ] && [ -r \"$2\" ] || return 0\n"
    "  printf '@%s r %s content ' \"$N\" \"$1\"; base64 -w 0 \"$2\"; echo\n"
    "}\n"
    /* "0 parse errors, 1 error, 2 warnings": older faults of the file are not ours to refuse */
    "tab_errors() {\n"
    "  findmnt --verify --tab-file \"$1\" 2>&1 |\n"
    "    awk '/parse error/ { n = $1 + $4 } END { print n + 0 }'\n"
    "}\n"
    "check_file() {\n"
    "  case $1 in\n"
    "  none) ;;\n"
    "  keepalived)\n"
    "    o=$(keepalived -t -f \"$2\" 2>&1) && [ -z \"$o\" ] || { printf '%s\\n' \"$o\"; return 1; } ;;\n"
    "  nginx)\n"
    "    rm -rf /run/clusterctl/nginx && cp -a /etc/nginx /run/clusterctl/nginx &&\n"
    "    cp \"$2\" \"/run/clusterctl/nginx/${3#/etc/nginx/}\" &&\n"
    "    unshare -m sh -c 'mount --make-rprivate / && mount --bind /run/clusterctl/nginx /etc/nginx && nginx -t -q' ;;\n"
    "  fstab) [ \"$(tab_errors \"$2\")\" -le \"$(tab_errors \"$3\")\" ] ||\n"
    "    { findmnt --verify --tab-file \"$2\"; return 1; } ;;\n"
    "  systemd)\n"
    "    mkdir -p /run/clusterctl/unit && cp \"$2\" \"/run/clusterctl/unit/${3##*/}\" &&\n"
    "    o=--recursive-errors=no\n" /* systemd 250; older ones also speak of units that it names */
    "    systemd-analyze --help | grep -q -e \"$o\" || o=\n"
    "    systemd-analyze verify --man=no $o \"/run/clusterctl/unit/${3##*/}\" ;;\n"
    "  nft) nft -c -f \"$2\" ;;\n"
    /* which says on success what it has looked at */
    "  prometheus) o=$(promtool check config \"$2\" 2>&1) || { printf '%s\\n' \"$o\"; return 1; } ;;\n"
    "  prometheus_rules)\n"
    "    o=$(promtool check rules \"$2\" 2>&1) || { printf '%s\\n' \"$o\"; return 1; } ;;\n"
    "  *) echo \"unknown check $1\"; return 1 ;;\n"
    "  esac\n"
    "}\n"
    "note_pending() {\n"
    "  [ \"$1\" = - ] && return 0\n"
    "  mkdir -p /var/lib/clusterctl/pending\n"
    "  : >\"/var/lib/clusterctl/pending/$1.$2\"\n"
    "  sync \"/var/lib/clusterctl/pending/$1.$2\" /var/lib/clusterctl/pending\n"
    "}\n"
    /* install_tmp PATH TMP CHECK UNIT HOW RELOADD: the last half of put_file and edit_block */
    "install_tmp() {\n"
    "  check_file \"$3\" \"$2\" \"$1\" || { rm -f \"$2\"\n"
    "    echo \"-- $1 was not changed: its checker refused the new version\"; return 1; }\n"
    "  sync \"$2\"\n"
    "  note_pending \"$4\" \"$5\"\n"
    "  mv -f \"$2\" \"$1\"\n"
    "  sync \"${1%/*}\"\n"
    "  [ \"$6\" = 0 ] || systemctl daemon-reload\n"
    "}\n"
    /* PATH: a file that an earlier deploy made is nobody's original. Not by grep: failing, it says no. */
    "is_ours() {\n"
    "  IFS= read -r l <\"$1\" && case $l in '# Managed by clusterctl '*) ;; *) return 1 ;; esac\n"
    "}\n"
    /*
     * put_file PATH MODE OWNER:GROUP BACKUP CHECK UNIT HOW RELOADD <base64: others may write to a share. What
     * is new under set -C is a file of ours, and what is done to its descriptor is done to nothing else.
     */
    "put_file() {\n"
    "  d=${1%/*}; t=$d/.${1##*/}.clusterctl-tmp\n"
    "  mkdir -p \"$d\"\n"
    "  o=/proc/self/fd/1; rm -f \"$t\"\n"
    "  (umask 077; set -C\n"
    "    { [ -f $o ] && base64 -d && chown \"$3\" $o && chmod \"$2\" $o; } >\"$t\")\n"
    "  if [ \"$4\" = 1 ] && [ -f \"$1\" ] && [ ! -e \"$1.clusterctl-orig\" ] && ! is_ours \"$1\"; then\n"
    "    cp -p \"$1\" \"$t-orig\"; sync \"$t-orig\"; mv -f \"$t-orig\" \"$1.clusterctl-orig\"\n"
    "  fi\n"
    /* It may hold the same secret as what stands in its place. */
    "  [ \"$4$2\" != 10600 ] || [ ! -f \"$1.clusterctl-orig\" ] || chmod 600 \"$1.clusterctl-orig\"\n"
    "  install_tmp \"$1\" \"$t\" \"$5\" \"$6\" \"$7\" \"$8\"\n"
    "}\n"
    /*
     * edit_block PATH MARKER FIELD VALUE VALUE2 CHECK UNIT HOW RELOADD <base64: the edit is made on
     * the file as it is at this moment, which a package installed since may have changed.
     */
    "edit_block() {\n"
    "  d=${1%/*}; t=$d/.${1##*/}.clusterctl-tmp\n"
    "  [ -e \"$1\" ] || (umask 022; : >>\"$1\")\n"
    "  base64 -d >/run/clusterctl/block\n"
    "  rm -f \"$t\" /run/clusterctl/dropped; cp -p \"$1\" \"$t\"\n"
    "  awk -v b=\"# BEGIN $2\" -v e=\"# END $2\" -v f=\"$3\" -v v1=\"$4\" -v v2=\"$5\" '\n"
    "    function put() { print b; while ((getline l <\"/run/clusterctl/block\") > 0) print l\n"
    "      print e; done = 1 }\n"
    "    $0 == b { inside = 1; put(); next }\n"
    "    $0 == e { inside = 0; next }\n"
    "    inside { next }\n"
    "    f && $1 !~ /^#/ && ($f == v1 || (v2 != \"\" && $f == v2)) {\n"
    "      print >\"/run/clusterctl/dropped\"; next }\n"
    "    { print }\n"
    "    END { if (!done) put() }' \"$1\" >\"$t\"\n"
    "  if [ -s /run/clusterctl/dropped ]; then\n" /* owned.h */
    "    d=/var/lib/clusterctl/orig$1; (umask 077; mkdir -p \"${d%/*}\"\n"
    "    rm -f \"$d.dropped-tmp\"; [ ! -e \"$d.dropped\" ] || cat \"$d.dropped\" >\"$d.dropped-tmp\"\n"
    "    cat /run/clusterctl/dropped >>\"$d.dropped-tmp\"); sync \"$d.dropped-tmp\"\n"
    "    mv -f \"$d.dropped-tmp\" \"$d.dropped\"; sync \"${d%/*}\"\n"
    "  fi\n"
    "  install_tmp \"$1\" \"$t\" \"$6\" \"$7\" \"$8\" \"$9\"\n"
    "}\n";

void putfile_stat(struct script *s, const char *type, const struct resource *const *list, size_t n)
{
    script_addf(s, "stat -c \"@$N r %s:%%n stat %%a %%U %%G %%F\" --", type);
    for (size_t i = 0; i < n; i++)
        script_arg(s, list[i]->key);
    script_add(s, " 2>/dev/null\n");
}

void putfile_content(struct script *s, const struct resource *r)
{
    script_addf(s, "ob_content %zu", r->index);
    script_arg(s, r->key);
    script_add(s, "\n");
}

int putfile_parse_stat(struct arena *a, char *value, struct file_stat *out, struct err *e)
{
    const char *mode = parse_word(&value), *owner = parse_word(&value), *group = parse_word(&value);
    if (!mode || !owner || !group || !parse_mode(mode, &out->mode))
        return err_set(e, ERR_PROTOCOL, "the host's stat cannot be understood");
    out->owner = arena_strdup(a, owner);
    out->group = arena_strdup(a, group);
    out->regular = !strncmp(value, "regular", 7);
    out->directory = !strcmp(value, "directory");
    return 0;
}

int putfile_parse_content(struct arena *a, const char *value, const char **text, size_t *len,
                          struct err *e)
{
    size_t n = strlen(value);
    unsigned char *buf = arena_alloc(a, n / 4 * 3 + 1);
    long got = base64_decode(value, n, buf);
    if (got < 0)
        return err_set(e, ERR_PROTOCOL, "the host's file content is not base64");
    buf[got] = '\0';
    *text = (const char *)buf;
    *len = (size_t)got;
    return 0;
}

void putfile_mode(struct script *s, unsigned mode, const char *owner, const char *group)
{
    autosb struct strbuf both = {0};
    sb_addf(&both, "%s:%s", owner, group);
    script_addf(s, " %04o", mode);
    script_arg(s, sb_str(&both));
}

void putfile_args(struct script *s, const struct resource *want, enum file_check check,
                  bool daemon_reload)
{
    static const char *const checks[] = {"none", "keepalived", "nginx", "fstab", "systemd", "nft",
                                         "prometheus", "prometheus_rules"};
    script_addf(s, " %s", checks[check]);
    script_arg(s, want->notify ? want->notify : "-");
    script_addf(s, " %s %d", want->notify_how == NOTIFY_RESTART ? "restart" : "reload",
                daemon_reload);
}

void putfile_heredoc(struct script *s, const char *text, size_t len)
{
    autosb struct strbuf b64 = {0};
    base64_encode(&b64, text, len, 76);
    script_addf(s, " <<'EOF'\n%s\nEOF\n", sb_str(&b64));
}

enum impact putfile_impact(const struct resource *want)
{
    enum impact own = want->type == RES_FILE ? want->file.impact : IMPACT_NONE;
    enum impact told = !want->notify || want->costless ? IMPACT_NONE
                       : want->notify_how == NOTIFY_RESTART    ? IMPACT_RESTART
                                                             : IMPACT_RELOAD;
    return told > own ? told : own;
}
