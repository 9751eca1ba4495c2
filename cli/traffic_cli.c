#include "cli/traffic_cli.h"

#include "modules/registry.h"

static int pass(void *ud, enum run_mode mode, struct err *e)
{
    return session_pass(ud, mode, mode == RUN_OBSERVE ? PASS_VERIFY : PASS_APPLY, e);
}

static void say(void *ud, const char *text)
{
    const struct session *s = ud;
    if (s->in->args.output == OUTPUT_TEXT && !s->in->args.quiet)
        report_note(&s->in->err, "%s", text);
}

struct traffic_options traffic_options_of(struct session *s)
{
    return (struct traffic_options){.run = s->run,
                                    .drain = &module_table_drain,
                                    .cancel = &s->cancel,
                                    .pass = pass,
                                    .say = say,
                                    .ud = s};
}
