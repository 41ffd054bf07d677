// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway's protocol checked. Pure: no socket is touched here. */
#include "rpc/gate.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "policy/egress.h"
#include "rpc/call_why.h"

#define GATE_DESCRIPTORS (GATE_LISTENERS + 1) /* with START */
#define FDS_BY_KNOWN	 99		      /* as many as AGENT_IS says in `known` */
#define GATE_STATUS_MAX	 999
#define GATE_WIRES	 4
#define GATE_OPERATIONS	 3 /* the last of enum call_operation */

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
	/* A refusal has its reason, and what is let through has one if it is audit-only's or watched. */
	if ((m->why != EGRESS_WHY_ALLOWED) != (refused || m->audit_only) ||
	    (refused && (m->audit_only || m->why == EGRESS_WHY_WATCHED)))
		return false;
	return (refused || m->family) && address_valid(m) && host_valid(m->host);
}

static bool agent_valid(const struct gate_agent *m)
{
	size_t i;

	if (!m->agent || m->pad || m->known > (m->header.type == GATE_AGENT_IS))
		return false;
	for (i = 0; i < AGENTOS_DEPTH_MAX; i++)
		if (m->above[i] && (!m->known || (i && !m->above[i - 1])))
			return false;
	return true;
}

/* Printable and padded with NULs; `more` besides letters and digits. */
static bool name_valid(const char *name, size_t size, const char *more)
{
	size_t len = strnlen(name, size), i;

	if (len == size || !is_zero(name + len, size - len))
		return false;
	for (i = 0; i < len; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
		    !strchr(more, name[i]))
			return false;
	return true;
}

static bool key_of_valid(const struct gate_key_of *m)
{
	return m->port && !m->pad && m->name[0] && name_valid(m->name, sizeof(m->name), "._-") &&
	       m->host[0] && host_valid(m->host);
}

static bool key_valid(const struct gate_key *m)
{
	if (m->pad || m->len > sizeof(m->bytes) ||
	    !is_zero(m->bytes + m->len, sizeof(m->bytes) - m->len))
		return false;
	switch (m->error) {
	case 0:
		return m->len;
	case -ENOENT:
	case -EPERM:
	case -ENOKEY:
		return !m->len;
	}
	return false;
}

static bool model_valid(const char model[GATE_MODEL])
{
	size_t len = strnlen(model, GATE_MODEL), i;

	for (i = 0; i < len; i++)
		if (model[i] < ' ' || model[i] >= 0x7f)
			return false;
	return len < GATE_MODEL && is_zero(model + len, GATE_MODEL - len);
}

/* Does what is said of it fit together? */
static bool called_valid(const struct gate_called *m)
{
	const bool stranger = m->why == CALL_WHY_STRANGER, others = m->why == CALL_WHY_TOKEN_OTHERS;

	if (m->why >= CALL_WHY_COUNT || m->status > GATE_STATUS_MAX || m->wire > GATE_WIRES ||
	    m->upstream > GATE_WIRES || m->how > (GATE_CALL_STREAMED | GATE_CALL_CACHED) ||
	    m->audit_only > 1)
		return false;
	/* A stranger is no agent, and everybody else is one. */
	if (!m->agent != stranger || !m->policy != stranger)
		return false;
	if (others ? !m->other || m->other == m->agent : m->other != 0)
		return false;
	if (m->cache_read > m->input || m->cache_write > m->input || m->reasoning > m->output ||
	    m->first_us > m->duration_us)
		return false;
	if (m->own_us > m->duration_us || m->upstream_us > m->duration_us ||
	    m->queue_us > m->upstream_us || m->upstream_first_us > m->upstream_us ||
	    m->operation > GATE_OPERATIONS || !is_zero(m->pad, sizeof(m->pad)))
		return false;
	return name_valid(m->provider, sizeof(m->provider), "._-") && model_valid(m->model) &&
	       model_valid(m->served) && (m->provider[0] || !m->served[0]);
}

static const struct {
	uint16_t type;
	enum gate_side from;
	size_t size, fds;
} shapes[] = {
	{ GATE_START, GATE_FROM_DAEMON, sizeof(struct gate_start), GATE_DESCRIPTORS },
	{ GATE_RULES_ARE, GATE_FROM_DAEMON, sizeof(struct gate_rules), 0 },
	{ GATE_AGENT_IS, GATE_FROM_DAEMON, sizeof(struct gate_agent), FDS_BY_KNOWN },
	{ GATE_KEY_IS, GATE_FROM_DAEMON, sizeof(struct gate_key), 0 },
	{ GATE_KEYS_GONE, GATE_FROM_DAEMON, sizeof(struct gate_request), 0 },
	{ GATE_READY, GATE_FROM_GATEWAY, sizeof(struct gate_request), 0 },
	{ GATE_ASK, GATE_FROM_GATEWAY, sizeof(struct gate_request), 0 },
	{ GATE_TELL, GATE_FROM_GATEWAY, sizeof(struct gate_tell), 0 },
	{ GATE_AGENT, GATE_FROM_GATEWAY, sizeof(struct gate_agent), 0 },
	{ GATE_KEY_OF, GATE_FROM_GATEWAY, sizeof(struct gate_key_of), 0 },
	{ GATE_CALLED, GATE_FROM_GATEWAY, sizeof(struct gate_called), 0 },
};

static bool body_valid(const union gate_message *m)
{
	switch (m->header.type) {
	case GATE_START:
		return m->start.port && is_zero(m->start.pad, sizeof(m->start.pad));
	case GATE_RULES_ARE:
		return rules_valid(&m->rules);
	case GATE_AGENT_IS:
	case GATE_AGENT:
		return agent_valid(&m->agent);
	case GATE_KEY_IS:
		return key_valid(&m->key);
	case GATE_KEY_OF:
		return key_of_valid(&m->key_of);
	case GATE_CALLED:
		return called_valid(&m->called);
	case GATE_KEYS_GONE:
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
	if (i == sizeof(shapes) / sizeof(shapes[0]) || shapes[i].size != len)
		return -EBADMSG;
	memcpy(&m, packet, len);
	if (fd_count != (shapes[i].fds == FDS_BY_KNOWN ? m.agent.known : shapes[i].fds))
		return -EBADMSG;
	return body_valid(&m) ? 0 : -EBADMSG;
}
