/* Secrets that somebody has to be asked for. */
#include "base/clock.h"
#include "ssh/internal.h"

bool ssh_can_ask(const struct ssh *s)
{
    return s->cancel && s->cancel->ask;
}

char *ssh_ask(struct ssh *s, const struct ssh_question *q, struct err *e)
{
    if (!ssh_can_ask(s)) {
        err_set(e, ERR_FAILED, "nobody is there to ask");
        return NULL;
    }
    int64_t began = clock_ms();
    char *answer = s->cancel->ask(s->cancel->ask_ud, q, e);
    s->answering += clock_ms() - began;
    return answer;
}

void ssh_accepted(const struct ssh *s, const struct ssh_question *q, const char *answer)
{
    if (s->cancel && s->cancel->accepted)
        s->cancel->accepted(s->cancel->ask_ud, q, answer);
}
