// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl policy test: what a policy would refuse to a program, which does it all the same. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "audit/names.h"
#include "audit/render.h"
#include "base/escape.h"
#include "base/index.h"
#include "ctl/ctl.h"
#include "ctl/trial.h"

static const char help[] =
	"Usage: agentctl policy test POLICY [OPTION]... [--] PROGRAM [ARG]...\n"
	"Runs PROGRAM as `agentctl run --policy POLICY` would, but AUDIT-ONLY: what the policy\n"
	"would refuse is done, and told at the end, each thing once, the most frequent first. So\n"
	"a policy is tried before it stops anything. The program is not confined meanwhile: do\n"
	"not try a policy on one that you would not run without.\n"
	"\n"
	"  --workspace DIR  directory that the policy calls ${WORKSPACE} (current directory)\n"
	"  --name NAME      name of the agent (PROGRAM-PID)\n"
	"  --json           the result as one line of JSON\n"
	"  --output FILE    write the result there, a new file, and not to standard error;\n"
	"                   \"-\" is standard output\n"
	"\n"
	"  agentctl policy test untrusted -- npm test\n"
	"  agentctl policy test ./mine.yaml --json --output result.json -- make check\n"
	"\n"
	"What no agent may do, and what takes a right with which root could end enforcement\n"
	"(mount, capabilities, bpf, module) or that concerns AgentOS itself (derive,\n"
	"message-send, message-receive), is refused here as well.\n"
	"\n"
	"Exit status:\n"
	"    0  nothing would be refused, and the program ended with 0\n"
	"    1  something would be refused; or the log cannot be read, which it says\n"
	"    4  nothing would be refused, but the program ended with another status\n"
	"    5  not known: nothing was found, but records were lost, or did not come\n"
	"    2  the command line is wrong; 3 the policy is; 125, 126, 127: nothing was run, as\n"
	"       for `agentctl run`\n";

/* One thing that would be refused, however often it was done. */
struct refusal {
	struct agentos_event first;
	char *text;
	uint64_t count;
};

struct refusals {
	struct refusal *items;
	size_t count, room;
	struct index by_text;
};

struct test {
	struct trial trial;
	struct refusals refusals;
	const char *output;
	bool json;
};

static uint64_t text_hash(const char *text)
{
	return index_hash(INDEX_HASH, text, strlen(text));
}

static uint64_t refusal_hash(const void *items, size_t at)
{
	return text_hash(((const struct refusals *)items)->items[at].text);
}

static bool refusal_has_text(const void *text, const void *items, size_t at)
{
	return strcmp(((const struct refusals *)items)->items[at].text, text) == 0;
}

/* Takes the text over on success. */
static int refusal_new(struct refusals *r, const struct agentos_event *event, char *text)
{
	size_t more = r->room ? 2 * r->room : 64;
	struct refusal *items;

	if (r->count == r->room) {
		items = reallocarray(r->items, more, sizeof(*items));
		if (!items)
			return -ENOMEM;
		r->items = items;
		r->room = more;
	}
	r->items[r->count] = (struct refusal){ .first = *event, .text = text, .count = 1 };
	if (index_add(&r->by_text, r->count, refusal_hash, r))
		return -ENOMEM;
	r->count++;
	return 0;
}

static int refusal_add(const struct agentos_event *event, void *cookie)
{
	struct refusals *r = cookie;
	char *text = NULL;
	size_t len, at;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (!out)
		return -ENOMEM;
	render_act(out, event);
	if (event->verdict == AGENTOS_VERDICT_DENIED)
		fputs(" (refused here as well)", out);
	if (event->flags & AGENTOS_EVENT_KILL)
		fputs("; the agent would be killed for it", out);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	at = index_find(&r->by_text, text_hash(text), refusal_has_text, text, r);
	if (at != SIZE_MAX) {
		r->items[at].count++;
		free(text);
		return 0;
	}
	err = refusal_new(r, event, text);
	if (err)
		free(text);
	return err;
}

static void refusals_release(struct refusals *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		free(r->items[i].text);
	free(r->items);
	index_release(&r->by_text);
}

/* The most frequent first, then by what it is. */
static int refusal_compare(const void *a, const void *b)
{
	const struct refusal *p = a, *q = b;

	if (p->count != q->count)
		return p->count < q->count ? 1 : -1;
	return strcmp(p->text, q->text);
}

static void report_text(const struct test *t, FILE *out)
{
	const struct refusals *r = &t->refusals;
	char policy[512], outcome[32];
	size_t i;

	escape_text(policy, sizeof(policy), t->trial.request.policy,
		    strlen(t->trial.request.policy));
	fprintf(out, "agentctl: %s would refuse ", policy);
	if (r->count)
		fprintf(out, "%zu thing%s, %" PRIu64 " time%s in all", r->count,
			r->count == 1 ? "" : "s", t->trial.acts, t->trial.acts == 1 ? "" : "s");
	else
		fputs("nothing", out);
	fprintf(out, "; the program ended with %s\n",
		trial_outcome(&t->trial, outcome, sizeof(outcome)));
	for (i = 0; i < r->count; i++)
		fprintf(out, "%8" PRIu64 "  %s\n", r->items[i].count, r->items[i].text);
	if (t->trial.lost)
		fprintf(out,
			"agentctl: INCOMPLETE: %" PRIu64
			" records were lost; what was in them is not known\n",
			t->trial.lost);
	if (t->trial.unfinished)
		fputs("agentctl: INCOMPLETE: not all records have come; does agentosd run? "
		      "`agentctl doctor` tells\n",
		      out);
}

static void put_json(FILE *out, const char *key, const char *text)
{
	char shown[ESCAPE_JSON_MAX(ESCAPE_TEXT_MAX(AGENTOS_OBJECT_SIZE) + 512) + 1];

	escape_json(shown, sizeof(shown), text, strlen(text));
	fprintf(out, "\"%s\":\"%s\"", key, shown);
}

static void refusal_json(FILE *out, const struct refusal *r)
{
	const struct agentos_event *e = &r->first;
	const char *gap = "";
	char other[NAME_ROOM];
	unsigned int bit;

	fprintf(out, "{\"count\":%" PRIu64 ",\"verdict\":\"%s\"", r->count,
		name_verdict(e->verdict, other));
	fprintf(out, ",\"hook\":\"%s\"", name_hook(e->hook, other));
	fprintf(out, ",\"why\":\"%s\",\"rights\":[", name_why(e->why, other));
	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++) {
		if (!(e->right >> bit & 1))
			continue;
		fprintf(out, "%s\"%s\"", gap, name_right(bit, other));
		gap = ",";
	}
	if (e->rule == AGENTOS_RULE_NONE)
		fputs("],\"rule\":null,", out);
	else
		fprintf(out, "],\"rule\":%u,", e->rule);
	put_json(out, "text", r->text);
	fputc('}', out);
}

static void report_json(const struct test *t, FILE *out)
{
	int status = t->trial.status;
	size_t i;

	fputc('{', out);
	put_json(out, "policy", t->trial.request.policy);
	fprintf(out, ",\"agent\":%" PRIu64 ",\"exit\":", t->trial.agent);
	if (WIFEXITED(status))
		fprintf(out, "%d,\"signal\":null", WEXITSTATUS(status));
	else
		fprintf(out, "null,\"signal\":%d", WTERMSIG(status));
	fprintf(out, ",\"complete\":%s,\"lost\":%" PRIu64 ",\"acts\":%" PRIu64 ",\"refusals\":[",
		t->trial.lost || t->trial.unfinished ? "false" : "true", t->trial.lost,
		t->trial.acts);
	for (i = 0; i < t->refusals.count; i++) {
		if (i)
			fputc(',', out);
		refusal_json(out, &t->refusals.items[i]);
	}
	fputs("]}\n", out);
}

/* -1 to go on, else an exit status. */
static int test_options(struct test *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "workspace", required_argument, NULL, 'w' },
		{ "name", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	if (argc > 1 && argv[1][0] != '-') {
		t->trial.request.policy = argv[1];
		argc--;
		argv++;
	}
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			t->trial.request.workspace = optarg;
			break;
		case 'n':
			t->trial.request.name = optarg;
			break;
		case 'j':
			t->json = true;
			break;
		case 'o':
			t->output = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case ':':
			return ctl_usage("policy", "an option of test lacks its value");
		default:
			return ctl_usage("policy",
					 "test does not know this option; a program's own "
					 "options come after its name");
		}
	}
	if (!t->trial.request.policy)
		return ctl_usage("policy", "test needs a policy first, then a program: "
					   "agentctl policy test ./mine.yaml -- make check");
	if (optind == argc)
		return ctl_usage("policy", "which program? For example: "
					   "agentctl policy test untrusted -- npm test");
	t->trial.request.argv = argv + optind;
	return -1;
}

static int test_status(const struct test *t)
{
	if (t->refusals.count)
		return CTL_FAILED;
	if (t->trial.lost || t->trial.unfinished)
		return CTL_UNKNOWN;
	return t->trial.status ? CTL_PROGRAM : CTL_OK;
}

int cmd_policy_test(int argc, char **argv)
{
	struct test t = { .trial.act = refusal_add };
	FILE *out = stderr;
	int status = test_options(&t, argc, argv);

	if (status >= 0)
		return status;
	if (t.output)
		out = trial_output(t.output);
	if (!out)
		return CTL_FAILED;
	t.trial.cookie = &t.refusals;
	status = trial_run(&t.trial);
	if (status == CTL_OK) {
		if (t.refusals.count)
			qsort(t.refusals.items, t.refusals.count, sizeof(*t.refusals.items),
			      refusal_compare);
		if (t.json)
			report_json(&t, out);
		else
			report_text(&t, out);
		if (!t.output || trial_output_close(out, t.output))
			status = test_status(&t);
		else
			status = CTL_FAILED;
	} else if (t.output) {
		trial_output_drop(out, t.output);
	}
	refusals_release(&t.refusals);
	return status;
}
