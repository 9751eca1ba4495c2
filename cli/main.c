/* The process: limits, locale, signals. What it is asked to do is app_main()'s. */
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/app.h"

/*
 * Secrets never reach a core dump. A limit of 0 stops files but not a core_pattern that is a pipe;
 * a limit of 1 stops both (the kernel refuses to pipe with it, and no file can be that small).
 * Where the limit is 0 for good and nobody but root could raise it, we are not to be dumped at all.
 */
static void no_core_dumps(void)
{
    const struct rlimit limit = {1, 1};
    if (setrlimit(RLIMIT_CORE, &limit) < 0)
        prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char **argv)
{
    umask(077);
    no_core_dumps();
    json_set_alloc_funcs(xmalloc, xfree);
    setlocale(LC_CTYPE, "");
    /* A closed pipe or connection is an error to handle where it is written to, not a death. */
    signal(SIGPIPE, SIG_IGN);
    return app_main(argc, argv);
}
