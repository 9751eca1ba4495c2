#pragma once
/*
 * Our rules in the words of firewalld and ufw, as their own listings have them: what is in force is
 * known by them, and what we made (firewalld: by our list of it; ufw: by the comment).
 */
#include "engine/restype.h"

void fw_rule_words(struct strbuf *out, enum firewall_backend b, const struct fw_rule *r);
/* The name of the rule that has these words (fw_rule_name()); of any others, themselves. */
void fw_words_name(struct strbuf *out, enum firewall_backend b, const char *words);
