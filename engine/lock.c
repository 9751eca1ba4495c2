#include "engine/lock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/who.h"
#include "engine/paths.h"

/*
 * $lk is the lock's directory. $lk/state is "PID STEP LIMIT UPTIME" of the holder, $lk/owner who that is for
 * and the uptime that it has been so since, $lk/work the pid of what carries out its last step, which has the
 * lock too and keeps it where the holder is killed. All in seconds, the first UPTIME with hundredths, as /proc
 * has it. A holder that has not written them yet is taken for the one before: whoever is ended must have the
 * lock's file open. read_holder() has the state's age, in hundredths too, in $a.
 *
 * What is under a process is found by its parents: what has become a daemon is under it no more.
 */
static const char functions[] =
    "lk=" RUN_DIR "\n"
    "at_step() {\n" /* NUMBER LIMIT */
    "  { read -r up _ </proc/uptime; echo \"$$ $1 $2 $up\" >\"$lk/state\"; } 2>/dev/null || :\n"
    "}\n"
    "under() {\n" /* PID */
    "  grep -H '^PPid:' /proc/[0-9]*/status 2>/dev/null | awk -F '[/\t]+' -v top=\"$1\" '\n"
    "    { up[$3] = $5 }\n"
    "    END { for (p in up) {\n"
    "      for (q = p; q in up && q != top && n[p]++ < 99;) q = up[q]\n"
    "      if (q == top && p != top) print p } }'\n"
    "}\n"
    "end_tree() {\n" /* PID */
    "  u=$(under \"$1\"); kill -KILL \"$1\"; i=0\n"
    "  kill -TERM $u 2>/dev/null\n"
    "  while [ $i -lt 5 ] && kill -0 $u 2>/dev/null; do sleep 0.1; i=$((i + 1)); done\n"
    "  kill -KILL $u 2>/dev/null\n"
    "}\n"
    "read_holder() {\n"
    "  o= since= p= n= l= t= k= a=0; read -r now _ </proc/uptime; up=${now%.*}\n"
    "  { { read -r o; read -r since; } <\"$lk/owner\"; read -r p n l t <\"$lk/state\"; } 2>/dev/null\n"
    "  { read -r k <\"$lk/work\"; } 2>/dev/null\n"
    "  case $t in *.[0-9][0-9]) t=${t%.*}${t#*.} ;; *) t= ;; esac\n"
    "  case $p:$n:$l:$t in *[!0-9:]* | :* | *::* | *:) p= ;; *) a=$((${now%.*}${now#*.} - t)) ;; esac\n"
    "  case $since in *[!0-9]*) since= ;; esac\n"
    "  case $k in *[!0-9]*) k= ;; esac\n"
    "  has_it || [ ! \"$k\" ] || [ \"${n:-0}\" = 0 ] || p=$k\n"
    "}\n"
    "has_it() { [ \"$p\" ] && [ /proc/$p/fd/9 -ef \"$lk/lock\" ]; }\n"
    "end_late() { ! has_it || [ \"$n\" = 0 ] || [ $a -lt \"${l}00\" ] || end_tree \"$p\"; }\n"
    "end_gone() {\n" /* OWNER GONE */
    "  has_it || return\n"
    "  if [ \"$n\" != 0 ]; then end_late\n"
    "  elif [ \"$o\" = \"$1\" ] || [ $a -gt \"${2}00\" ]; then kill -KILL \"$p\"; fi\n"
    "}\n"
    /*
     * Nobody's child, so that it does not end itself; it goes when the lock is given up (once may be while what
     * is written down is written anew). A step that heeds no TERM is at work for its time and the two pauses
     * more, which is less than a second.
     */
    "watch_steps() {\n" /* OWNER */
    "  ( (trap '' HUP TERM; exec 9>&- </dev/null >/dev/null 2>&1; gone=0\n"
    "    while [ $gone -lt 3 ]; do\n"
    "      read_holder\n"
    "      if ! has_it || [ \"$o\" != \"$1\" ]; then gone=$((gone + 1))\n"
    "      else gone=0; end_late; fi\n"
    "      sleep 0.2\n"
    "    done) & )\n"
    "}\n"
    "holder() {\n"
    "  s=\"${since:+held for $((up - since)) s}\"\n"
    "  [ \"${n:-0}\" = 0 ] || [ ! \"$p\" ] || s=\"$s${s:+, }at step $n for $((a / 100)) s, pid $p there\"\n"
    "  echo \"$o${s:+ ($s)}\"\n"
    "}\n"
    "take_lock() {\n" /* SECONDS OWNER GONE */
    "  (umask 077; mkdir -p \"$lk\"); chmod 700 " RUN_DIR " \"$lk\"; exec 9>>\"$lk/lock\"; w=0\n"
    "  until flock -n 9; do\n"
    "    read_holder; end_gone \"$2\" \"$3\"\n"
    "    [ $w -gt 0 ] || m locked \"$(holder)\"\n"
    "    [ $w -lt \"$1\" ] || { m busy \"$(holder)\"; m end; exit 0; }\n"
    "    w=$((w + 1)); flock -w 1 9 && break\n"
    "  done\n"
    "  read_holder; was=; { read -r was <\"$lk/state\"; } 2>/dev/null; [ $w = 0 ] || was=held\n"
    "  printf '%s\\n' \"$2\" \"$up\" >\"$lk/owner\"; at_step 0 0; m mine \"$o\"\n"
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

void lock_watch_steps(struct script *s, const char *owner)
{
    script_add(s, "watch_steps");
    script_arg(s, owner);
    script_add(s, "\n");
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

void lock_at_step(struct script *s, size_t n, unsigned limit_s)
{
    script_addf(s, "at_step %zu %u </dev/null\n", n, limit_s);
}

void lock_end_overdue(struct script *s)
{
    script_add(s, "read_holder; end_late\n");
}

void lock_of_cluster(struct script *s)
{
    script_add(s, "lk=" CLAIM_DIR "\n");
}

/* Two shells: the outer one has the lock. Were the inner one its last command, it would take its place. */
void lock_work_begin(struct script *s)
{
    script_add(s, "( { read -r k _ </proc/self/stat; echo \"$k\" >\"$lk/work\"; } 2>/dev/null; (set -e\n");
}

void lock_work_end(struct script *s, const char *output_file)
{
    script_addf(s, ") 9>&-; exit $?) >%s 2>&1\nrc=$?\n", output_file);
}

void lock_owner_text(char *buf, size_t size)
{
    char when[CLOCK_WALL_LEN];
    autosb struct strbuf who = {0};
    who_text(&who);
    snprintf(buf, size, "%s pid %d since %s", sb_str(&who), (int)getpid(), clock_wall(when));
}
