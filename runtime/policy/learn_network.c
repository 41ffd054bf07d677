// SPDX-License-Identifier: GPL-2.0-or-later
/* What was learned about addresses and sockets, written down; and paths as text. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "policy/learn_acts.h"
#include "policy/secrets.h"

#define PORT_CHOSEN 32768 /* where kernels begin to choose ports */

void learn_put_part(FILE *out, const char *text, size_t len)
{
	for (; len; text++, len--) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static bool is_plain(const char *text)
{
	return !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789/._+-=")];
}

void learn_put_path(const struct writer *w, const char *path, const char *before)
{
	const char *workspace = w->world->workspace, *home = w->world->home, *variable = "";
	const char *at, *end;
	bool plain;

	if (workspace[1] && place_is_within(path, workspace)) {
		variable = "${WORKSPACE}";
		path += strlen(workspace);
	} else if (home[1] && place_is_within(path, home)) {
		variable = "${HOME}";
		path += strlen(home);
	}
	plain = is_plain(path);
	fprintf(w->out, "%s%s%s", plain ? "" : "\"", before, variable);
	for (at = path; *at; at = end) {
		end = strchrnul(at, '$');
		learn_put_part(w->out, at, (size_t)(end - at));
		if (*end) {
			fputs("$$", w->out);
			end++;
		}
	}
	if (!plain)
		fputc('"', w->out);
}

size_t learn_addresses_active(const struct writer *w, bool listens)
{
	size_t i, count = 0;

	for (i = 0; i < w->learn->address_count; i++)
		count += w->learn->addresses[i].listens == listens &&
			 w->learn->addresses[i].protocol != 'o';
	return count;
}

static bool address_is_loopback(const struct learn_address *a)
{
	static const uint8_t local[16] = { [15] = 1 };

	return a->family == AF_INET ? a->addr[0] == 127 : memcmp(a->addr, local, 16) == 0;
}

static void write_address(const struct writer *w, const struct learn_address *a)
{
	static const uint8_t any[16];
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(a->family, a->addr, text, sizeof(text));
	if (a->protocol == 'o') {
		fprintf(w->out, a->family == AF_INET6 ? "    # - \"[%s]:*\"" : "    # - \"%s:*\"",
			text);
		fputs("  # of a protocol that is neither TCP nor UDP; it allows these as well\n",
		      w->out);
		return;
	}
	fprintf(w->out, a->family == AF_INET6 ? "    - \"[%s]:%u/%s\"" : "    - \"%s:%u/%s\"", text,
		a->port, a->protocol == 't' ? "tcp" : "udp");
	if (!a->listens && a->port >= PORT_CHOSEN && address_is_loopback(a))
		fputs("  # a port that was chosen? then it is another next time", w->out);
	fputc('\n', w->out);
	/* All of IPv6 is all of IPv4 as well. */
	if (a->listens && a->family == AF_INET6 && memcmp(a->addr, any, sizeof(any)) == 0)
		fprintf(w->out, "    - \"0.0.0.0:%u/%s\"\n", a->port,
			a->protocol == 't' ? "tcp" : "udp");
}

static void write_addresses(const struct writer *w, bool listens)
{
	bool any = false;
	size_t i;

	for (i = 0; i < w->learn->address_count; i++) {
		if (w->learn->addresses[i].listens != listens)
			continue;
		if (!any)
			fprintf(w->out, "  %s%s:\n", learn_addresses_active(w, listens) ? "" : "# ",
				listens ? "listen" : "connect");
		any = true;
		write_address(w, &w->learn->addresses[i]);
	}
}

/* Can a policy say its name? */
static bool socket_is_writable(const struct writer *w, const struct learn_socket *s)
{
	if (strlen(s->name) != s->len || !learn_can_say(s->name))
		return false;
	if (s->name[0] == '@')
		return s->len > 1 && s->len < AGENTOS_RULE_NAME_SIZE;
	return s->name[0] == '/' && !secret_by_path(s->name) &&
	       w->world->exists(s->name, w->world->cookie);
}

size_t learn_sockets_active(const struct writer *w)
{
	size_t i, count = 0;

	for (i = 0; i < w->learn->socket_count; i++)
		count += socket_is_writable(w, &w->learn->sockets[i]);
	return count;
}

static void write_sockets(const struct writer *w, size_t active)
{
	const struct learn_socket *s;
	char shown[ESCAPE_TEXT_MAX(AGENTOS_OBJECT_SIZE) + 1];
	size_t i;

	if (!w->learn->socket_count)
		return;
	fprintf(w->out, "  %sunix:\n", active ? "" : "# ");
	for (i = 0; i < w->learn->socket_count; i++) {
		s = &w->learn->sockets[i];
		if (!socket_is_writable(w, s)) {
			escape_text(shown, sizeof(shown), s->name, s->len);
			fprintf(w->out,
				"    # - %s  # gone, a secret, or a name that no policy can say\n",
				shown);
			continue;
		}
		fputs("    - ", w->out);
		if (s->name[0] == '/') {
			learn_put_path(w, s->name, "");
		} else {
			fputc('"', w->out);
			learn_put_part(w->out, s->name, s->len);
			fputc('"', w->out);
		}
		fputc('\n', w->out);
	}
}

void learn_write_network(const struct writer *w, uint64_t rights, size_t sockets)
{
	if (!w->learn->address_count && !w->learn->socket_count)
		return;
	fprintf(w->out, "# Addresses, as names were resolved then.\n%snetwork:\n",
		rights & (AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_LISTEN) |
			  AGENTOS_RIGHT(UNIX_CONNECT)) ?
			"" :
			"# ");
	write_addresses(w, false);
	write_addresses(w, true);
	write_sockets(w, sockets);
}
