/* Adding a host's key to a known_hosts file, for good. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/append.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "ssh/known_hosts.h"

/* The directory's own entry of a new file has to last, too. */
static int sync_directory(const char *dir)
{
    autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) ? -1 : 0;
}

int known_hosts_add(const char *file, const char *host, unsigned port, const char *key_type,
                    const unsigned char *key, size_t key_len, struct err *e)
{
    char name[300];
    autosb struct strbuf line = {0};
    autofree char *copy = xstrdup(file);
    const char *dir = dirname(copy);

    if (mkdir(dir, 0700) && errno != EEXIST)
        return err_errno(e, "cannot make %s", dir);
    autoclose int fd = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return err_errno(e, "cannot write to %s", file);
    known_hosts_name(name, sizeof name, host, port);
    sb_addf(&line, "%s %s ", name, key_type);
    base64_encode(&line, key, key_len, 0);
    sb_addc(&line, '\n');
    if (append_lines(fd, line.s, line.len) || sync_directory(dir))
        return err_errno(e, "cannot write to %s", file);
    return 0;
}
