// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway's protocol checked. Pure: no socket is touched here. */
#include "rpc/gate.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "policy/egress.h"

#define GATE_DESCRIPTORS 2 /* with START */

static bool is_zero(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	size_t i;

	for (i = 0; i < len; i++) {
		if (at[i])
			return false;
	}
	return true;
}

static bool rules_valid(const struct gate_rules *m)
{
	uint32_t i;

	if (!m->policy || m->total > LIMIT_EGRESS_RULES || m->first > m->total ||
	    m->count > GATE_RULES || m->count > m->total - m->first || (m->total && !m->count))
		return false;
	for (i = 0; i < m->count; i++) {
		if (!egress_valid(&m->rules[i]))
			return false;
	}
	return is_zero(&m->rules[m->count], (GATE_RULES - m->count) * sizeof(m->rules[0]));
}

/* Empty, or a name in the form that it is compared in: an address for what was asked for by one. */
static bool host_valid(const char host[COMPILED_HOST])
{
	char again[COMPILED_HOST];
	size_t len = strnlen(host, COMPILED_HOST);
	size_t i;
	int err;

	if (len == COMPILED_HOST || !is_zero(host + len, COMPILED_HOST - len))
		return false;
	for (i = 0; i < len; i++) {
		if (host[i] <= ' ' || host[i] >= 0x7f)
			return false;
	}
	err = len ? egress_host(host, len, again) : -EADDRNOTAVAIL;
	return err == -EADDRNOTAVAIL || (!err && !memcmp(again, host, COMPILED_HOST));
}

static bool address_valid(const struct gate_tell *m)
{
	switch (m->family) {
	case 0:
		return is_zero(m->addr, sizeof(m->addr));
	case AF_INET:
		return is_zero(m->addr + 4, sizeof(m->addr) - 4);
	case AF_INET6:
		return true;
	}
	return false;
}

/* Does what is said of it fit together? */
static bool tell_valid(const struct gate_tell *m)
{
	const bool refused = m->phase == GATE_REFUSED;

	if (m->phase < GATE_REFUSED || m->phase > GATE_CLOSED || m->why >= EGRESS_WHY_COUNT)
		return false;
	if (m->tunnel > 1 || m->audit_only > 1 || !is_zero(m->pad, sizeof(m->pad)))
		return false;
	if (!m->agent != !m->policy || (!m->agent && !refused))
		return false;
	if (m->phase != GATE_CLOSED && (m->bytes_up || m->bytes_down))
		return false;
	/* A refusal has its reason, and what is let through has one if it is audit-only's. */
	if ((m->why != EGRESS_WHY_ALLOWED) != (refused || m->audit_only) ||
	    (refused && m->audit_only))
		return false;
	return (refused || m->family) && address_valid(m) && host_valid(m->host);
}

static const struct {
	uint16_t type;
	enum gate_side from;
	size_t size, fds;
} shapes[] = {
	{ GATE_START, GATE_FROM_DAEMON, sizeof(struct gate_start), GATE_DESCRIPTORS },
	{ GATE_RULES_ARE, GATE_FROM_DAEMON, sizeof(struct gate_rules), 0 },
	{ GATE_READY, GATE_FROM_GATEWAY, sizeof(struct gate_request), 0 },
	{ GATE_ASK, GATE_FROM_GATEWAY, sizeof(struct gate_request), 0 },
	{ GATE_TELL, GATE_FROM_GATEWAY, sizeof(struct gate_tell), 0 },
};

static bool body_valid(const union gate_message *m)
{
	switch (m->header.type) {
	case GATE_START:
		return m->start.port && is_zero(m->start.pad, sizeof(m->start.pad));
	case GATE_RULES_ARE:
		return rules_valid(&m->rules);
	case GATE_READY:
		return !m->request.policy && !m->request.pad;
	case GATE_ASK:
		return m->request.policy && !m->request.pad;
	case GATE_TELL:
		return tell_valid(&m->tell);
	}
	return false;
}

int gate_check(const void *packet, size_t len, size_t fd_count, enum gate_side from)
{
	struct gate_header header;
	union gate_message m;
	size_t i;

	if (len < sizeof(header) || len > sizeof(m))
		return -EBADMSG;
	memcpy(&header, packet, sizeof(header));
	if (header.size != len || header.version != GATE_VERSION)
		return -EBADMSG;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].type == header.type && shapes[i].from == from)
			break;
	}
	if (i == sizeof(shapes) / sizeof(shapes[0]) || shapes[i].size != len ||
	    shapes[i].fds != fd_count)
		return -EBADMSG;
	memcpy(&m, packet, len);
	return body_valid(&m) ? 0 : -EBADMSG;
}
