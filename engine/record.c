#include "engine/record.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/quote.h"
#include "engine/putfile.h"

/*
 * rec_begin ID LINE, rec LINE, rec_end LINE. A host that has no room for it must still be helped.
 * What has just been written stays, however old its id makes it.
 */
static const char functions[] =
    "rec_open() {\n" /* ID LINE KEEP */
    "  R=" RUNS_DIR "/$1.jsonl; [ ! -e \"$R\" ] || return 0\n"
    "  (umask 077; mkdir -p " RUNS_DIR "; cd " RUNS_DIR " || exit\n"
    "    printf '%s\\n' \"$2\" >\".$1\" && sync \".$1\" && mv -f \".$1\" \"$R\" && sync . ||\n"
    "      { rm -f \".$1\"; exit 1; }\n"
    "    n=1; for f in $(ls -r); do case $f in\n"
    "      \"$1.jsonl\") ;;\n"
    "      *.jsonl) n=$((n + 1)); [ $n -le \"$3\" ] || rm -f \"$f\" ;; esac; done) 2>/dev/null\n"
    "}\n"
    "rec() { [ ! -e \"$R\" ] || printf '%s\\n' \"$1\" >>\"$R\"; } 2>/dev/null\n"
    /* Inventories that no record speaks of any more go too. */
    "rec_good() {\n" /* ID SHA256 <base64 */
    "  (umask 077; cd " RUNS_DIR " || exit\n"
    "    base64 -d >.inventory && sync .inventory &&\n"
    "    mv -f .inventory \"inventory-$2\" &&\n"
    "    printf '%s %s\\n' \"$1\" \"$2\" >.good && sync .good && mv -f .good good && sync .\n"
    "    for f in inventory-*; do [ \"$f\" = \"inventory-$2\" ] ||\n"
    "      grep -qs -- \"${f#inventory-}\" ./*.jsonl; [ $? != 1 ] || rm -f \"$f\"; done\n"
    "  ) 2>/dev/null\n"
    "}\n";

/* Of an id: "20261126T071500Z". */
enum { STAMP = 16 };

int run_id_make(char out[static RUN_ID_LEN], struct err *e)
{
    char when[CLOCK_WALL_LEN];
    unsigned char random[2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_errno(e, "cannot draw a random run id");
    size_t n = 0;
    for (const char *p = clock_wall(when); *p && n < STAMP; p++)
        if (*p != '-' && *p != ':')
            out[n++] = *p;
    snprintf(out + n, RUN_ID_LEN - n, "-%02x%02x", random[0], random[1]);
    return 0;
}

bool run_id_follow(char id[static RUN_ID_LEN], const char *other)
{
    char stamp[STAMP + 1];
    struct tm tm = {0};
    if (strncmp(id, other, STAMP) > 0)
        return true;
    if (!strptime(other, "%Y%m%dT%H%M%SZ", &tm))
        return false;
    time_t t = timegm(&tm) + 1;
    if (!gmtime_r(&t, &tm) || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm) != STAMP)
        return false;
    memcpy(id, stamp, STAMP);
    return true;
}

bool run_id_valid(const char *s)
{
    static const char form[] = "ddddddddTddddddZ-xxxx";
    size_t n = strlen(s);
    if (n != RUN_ID_LEN - 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        char want = form[i];
        if (want == 'd' ? !strchr("0123456789", s[i])
            : want == 'x' ? !strchr("0123456789abcdef", s[i])
                          : s[i] != want)
            return false;
    }
    return true;
}

static void member(struct strbuf *sb, const char *key, const char *value)
{
    autosb struct strbuf clean = {0};
    quote_terminal(&clean, value, strlen(value), false);
    sb_add(sb, sb->len > 1 ? "," : "");
    quote_json(sb, key);
    sb_addc(sb, ':');
    quote_json(sb, sb_str(&clean));
}

/* The inventory's digest only where the inventory may be, since it vouches for a secret. */
static void open_record(struct script *s, const struct run_record *r, const struct host *h)
{
    autosb struct strbuf line = {0};
    sb_addc(&line, '{');
    member(&line, "run", r->id);
    sb_addf(&line, ",%s", r->about);
    member(&line, "ssh_user", h->ssh.user);
    if (h->roles & ROLE_DIRECTOR)
        member(&line, "inventory_sha256", r->inventory_sha);
    sb_addc(&line, '}');
    script_add(s, functions);
    script_add(s, "rec_open");
    script_arg(s, r->id);
    script_arg(s, sb_str(&line));
    script_addf(s, " %d </dev/null || :\n", RECORD_KEEP);
}

void record_begin(struct script *s, const struct run_record *r, const struct host *h,
                  size_t planned)
{
    if (!r || !r->id)
        return;
    open_record(s, r, h);
    if (planned)
        script_addf(s, "rec '{\"planned\":%zu}' || :\n", planned);
}

bool record_before(const struct step *step, char out[static SHA256_HEX_LEN])
{
    const struct resource *have = step->have;
    if (step->want->type == RES_FILE && have->file.content && !have->file.special)
        sha256_hex(have->file.content, have->file.len, out);
    else if (step->want->type == RES_BLOCK && have->block.file)
        sha256_hex(have->block.file, have->block.file_len, out);
    else
        return false;
    return true;
}

static bool is_absent(const struct step *step)
{
    const struct resource *have = step->have;
    if (step->want->gone) /* it was not looked at */
        return false;
    return (step->want->type == RES_FILE && !have->file.exists) ||
           (step->want->type == RES_BLOCK && !have->block.exists);
}

void record_step(struct script *s, const struct run_record *r, const struct step *step)
{
    char before[SHA256_HEX_LEN];
    if (!r || !r->id)
        return;
    autosb struct strbuf line = {0};
    sb_addc(&line, '{');
    member(&line, "step", step->summary);
    member(&line, "impact", impact_name(step->impact));
    bool lasts = strncmp(step->want->key, "/run/", 5) != 0;
    if (lasts && (is_absent(step) || record_before(step, before))) {
        member(&line, "file", step->want->key);
        member(&line, "before", is_absent(step) ? "absent" : before);
    }
    sb_addc(&line, '}');
    script_add(s, "rec");
    script_arg(s, sb_str(&line));
    script_add(s, " || :\n");
}

void record_end(struct script *s, const struct run_record *r, const struct host *h,
                const char *end, const char *inventory)
{
    size_t n = inventory ? strlen(inventory) : 0;
    bool keeps = h->roles & ROLE_DIRECTOR && inventory && n <= RECORD_INVENTORY_MAX;
    autosb struct strbuf line = {0};
    sb_addf(&line, "{%s}", end);
    if (keeps) {
        open_record(s, r, h);
    } else {
        script_add(s, functions);
        script_add(s, "R=" RUNS_DIR "/");
        script_add(s, r->id);
        script_add(s, ".jsonl\n");
    }
    script_add(s, "rec");
    script_arg(s, sb_str(&line));
    script_add(s, " && [ -e \"$R\" ] && sync \"$R\" && r recorded\n");
    if (!keeps)
        return;
    script_add(s, "rec_good");
    script_arg(s, r->id);
    script_arg(s, r->inventory_sha);
    putfile_heredoc(s, inventory, n);
}
