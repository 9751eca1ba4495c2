#include "cli/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/append.h"
#include "base/mem.h"

/* Some years of daily work; the file before this one is kept. */
enum { JOURNAL_MAX_BYTES = 8 * 1024 * 1024 };

/* False: this operator keeps none. From *ours on, folders are ours to make. */
static bool find_path(struct strbuf *out, size_t *ours)
{
    const char *own = getenv("CLUSTERCTL_JOURNAL"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    if (own) {
        sb_add(out, own);
        *ours = out->len;
    } else if (state && *state == '/') {
        sb_addf(out, "%s/clusterctl/journal.jsonl", state);
        *ours = strlen(state);
    } else if (home && *home == '/' && access(home, F_OK) == 0) { /* a service's may not exist */
        sb_addf(out, "%s/.local/state/clusterctl/journal.jsonl", home);
        *ours = strlen(home) + 1;
    }
    return out->len > 0;
}

/* For us alone. A failure shows when the file is opened. */
static void make_folders(char *path, size_t ours)
{
    for (char *p = path + ours; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
}

static void turn_over(int fd, const char *path)
{
    struct stat st;
    autosb struct strbuf old = {0};
    if (fstat(fd, &st) < 0 || st.st_size < JOURNAL_MAX_BYTES)
        return;
    sb_addf(&old, "%s.1", path);
    rename(path, sb_str(&old));
}

int journal_append(const struct strbuf *line, struct err *e)
{
    autosb struct strbuf path = {0}, text = {0};
    size_t ours = 0;
    if (!find_path(&path, &ours))
        return 0;
    make_folders(path.s, ours);
    autoclose int fd = open(path.s, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, "cannot open the journal %s", path.s);
    sb_addf(&text, "%s\n", sb_str(line));
    if (append_lines(fd, text.s, text.len) < 0)
        return err_errno(e, "cannot write to the journal %s", path.s);
    turn_over(fd, path.s);
    return 0;
}
