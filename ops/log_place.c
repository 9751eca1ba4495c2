#include "ops/log_place.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What was asked for by lines or by time; the old file when the new one holds nothing older. */
static struct log_catch_up as_asked(const struct log_file_seen *now,
                                    const struct log_file_seen *old)
{
    return (struct log_catch_up){
        .old_from = old->there && (!now->there || now->start == 0)
                        ? smaller(old->start, old->size)
                        : -1,
        .from = now->there ? smaller(now->start, now->size) : 0,
    };
}

struct log_catch_up log_catch_up(const struct log_place *p, const struct log_file_seen *now,
                                 const struct log_file_seen *old, bool same_boot)
{
    struct log_catch_up c = {.old_from = -1};
    if (!p->known)
        return as_asked(now, old);
    /* A power cut may have taken what was written last, and what came after may fill its place. */
    if (same_boot && now->there && now->inode == p->inode && now->size >= p->next) {
        c.from = p->next;
        return c;
    }
    /* tail has read the old one to its end, and then perhaps of the new one. */
    if (same_boot && old->there && old->inode == p->inode) {
        c.old_from = smaller(p->next, old->size);
        if (now->there && p->next > old->size)
            c.from = smaller(p->next - old->size, now->size);
        return c;
    }
    c = as_asked(now, old);
    c.gap = same_boot && p->inode;
    return c;
}
