// SPDX-License-Identifier: GPL-2.0-or-later
/* What the gateway was asked for, in plain words. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/render.h"
#include "base/escape.h"
#include "policy/egress.h"

void render_host(FILE *out, const struct record *r)
{
	char shown[ESCAPE_TEXT_MAX(COMPILED_HOST) + 1];
	size_t len = strnlen(r->u.egress.host, sizeof(r->u.egress.host));

	escape_text(shown, sizeof(shown), r->u.egress.host, len);
	if (!len)
		fputs("a host that was not told", out);
	else if (strpbrk(shown, " \""))
		fputs("a host whose name is none", out);
	else
		fputs(shown, out);
	fprintf(out, " port %u", r->u.egress.port);
}

static void put_place(FILE *out, const struct record *r)
{
	char text[INET6_ADDRSTRLEN];

	render_host(out, r);
	if ((r->u.egress.family == AF_INET || r->u.egress.family == AF_INET6) &&
	    inet_ntop(r->u.egress.family, r->u.egress.addr, text, sizeof(text)))
		fprintf(out, " at %s", text);
	fputs(r->u.egress.tunnel ? " by a tunnel" : " by HTTP", out);
}

void render_egress(FILE *out, const struct record *r)
{
	static const char *const verbs[] = {
		[EGRESS_ALLOWED] = "may reach ",	[EGRESS_DENIED] = "may not reach ",
		[EGRESS_WOULD_DENY] = "was let reach ", [EGRESS_FAILED] = "could not reach ",
		[EGRESS_CLOSED] = "is done with ",	"asked for ",
	};
	const unsigned int last = sizeof(verbs) / sizeof(verbs[0]) - 1;
	const unsigned int outcome = r->u.egress.outcome;

	fputs(verbs[outcome < last ? outcome : last], out);
	put_place(out, r);
	switch (outcome) {
	case EGRESS_ALLOWED:
		if (r->u.egress.rule != AGENTOS_RULE_NONE)
			fprintf(out, ": rule %u of its policy allows it", r->u.egress.rule);
		break;
	case EGRESS_CLOSED:
		fprintf(out, ": %" PRIu64 " bytes sent, %" PRIu64 " received", r->u.egress.bytes_up,
			r->u.egress.bytes_down);
		break;
	case EGRESS_WOULD_DENY:
		if (r->u.egress.why != EGRESS_WHY_WATCHED)
			fputs(", as it is audit-only", out);
		/* fall through */
	default:
		fprintf(out, ": %s", egress_why_text(r->u.egress.why));
		if (r->u.egress.why == EGRESS_WHY_KILLED)
			fputs(outcome == EGRESS_DENIED ? "; the agent is killed for it" :
							 "; the agent would be killed for it",
			      out);
	}
}
