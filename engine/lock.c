#include "engine/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/paths.h"

/*
 * RUN_DIR/state is "PID STEP UPTIME" of the holder. A holder that has not written it yet is taken for
 * the one before: whoever is ended must have the lock's file open.
 */
static const char functions[] =
    "at_step() {\n" /* NUMBER */
    "  { read -r up _ </proc/uptime; echo \"$$ $1 ${up%.*}\" >" RUN_DIR "/state; } 2>/dev/null || :\n"
    "}\n"
    "end_idle() {\n" /* SAME GONE */
    "  p= n= t=; { read -r p n t <" RUN_DIR "/state; } 2>/dev/null\n"
    "  case $p:$n:$t in *[!0-9:]* | :* | *:: | *:) return ;; esac\n"
    "  read -r up _ </proc/uptime\n"
    "  [ \"$n\" = 0 ] && { [ \"$1\" = same ] || [ $((${up%.*} - t)) -gt \"$2\" ]; } &&\n"
    "    [ /proc/$p/fd/9 -ef " LOCK_FILE " ] && kill -KILL \"$p\"\n"
    "}\n"
    "take_lock() {\n" /* SECONDS OWNER GONE */
    "  (umask 077; mkdir -p " RUN_DIR "); chmod 700 " RUN_DIR "; exec 9>>" LOCK_FILE "; w=0\n"
    "  until flock -n 9; do\n"
    "    o=; [ -r " RUN_DIR "/owner ] && read -r o <" RUN_DIR "/owner\n"
    "    end_idle \"$([ \"$o\" = \"$2\" ] && echo same)\" \"$3\"\n"
    "    [ $w -gt 0 ] || m locked \"$o\"\n"
    "    [ $w -lt \"$1\" ] || { m busy \"$o\"; m end; exit 0; }\n"
    "    w=$((w + 1)); flock -w 1 9 && break\n"
    "  done\n"
    "  was=; { read -r was <" RUN_DIR "/state; } 2>/dev/null; [ $w = 0 ] || was=held\n"
    "  printf '%s\\n' \"$2\" >" RUN_DIR "/owner; at_step 0; m mine\n"
    "}\n";

void lock_functions(struct script *s)
{
    script_add(s, functions);
}

void lock_take(struct script *s, unsigned wait_s, const char *owner)
{
    script_addf(s, "take_lock %u", wait_s);
    script_arg(s, owner);
    script_addf(s, " %d </dev/null\n", LOCK_GONE_S);
}

void lock_look(struct script *s)
{
    script_add(s, "l=; { read -r l <" RUN_DIR "/state; } 2>/dev/null; [ -z \"$l\" ] || r holder \"$l\"\n");
}

/* Whoever was at a step when we looked may have ended it since, and been killed before saying so. */
void lock_unless_worked(struct script *s, const char *seen)
{
    const char *step = seen ? strchr(seen, ' ') : NULL;
    bool idle = !seen || (step && !strncmp(step, " 0 ", 3));
    script_add(s, "[ \"$was\" =");
    script_arg(s, !idle ? "at work" : seen ? seen : "");
    script_add(s, " ] || { m stale; m end; exit 0; }\n");
}

void lock_at_step(struct script *s, size_t n)
{
    script_addf(s, "at_step %zu </dev/null\n", n);
}

/* Two shells: the outer one has the lock. Were the inner one its last command, it would take its place. */
void lock_work_begin(struct script *s)
{
    script_add(s, "( (set -e\n");
}

void lock_work_end(struct script *s, const char *output_file)
{
    script_addf(s, ") 9>&-; exit $?) >%s 2>&1\nrc=$?\n", output_file);
}

void lock_owner_text(char *buf, size_t size)
{
    char host[64] = "?", when[CLOCK_WALL_LEN];
    const char *user = getenv("USER");
    gethostname(host, sizeof host - 1);
    snprintf(buf, size, "%s@%s pid %d since %s", user ? user : "?", host, (int)getpid(),
             clock_wall(when));
}
