// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program did, collected: rights, paths, addresses, sockets, and what is not known. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "policy/learn_acts.h"

#define PROTOCOL_MPTCP 262

/* Room for one more in a growing array. -ENOMEM */
static int array_grow(void **items, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 32;
	void *grown;

	if (*items && count < *room)
		return 0;
	grown = reallocarray(*items, more, size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*room = more;
	return 0;
}

static uint64_t path_hash(const char *path)
{
	return index_hash(INDEX_HASH, path, strlen(path));
}

static uint64_t wish_hash(const void *learn, size_t at)
{
	return path_hash(((const struct learn *)learn)->wishes[at].path);
}

static bool wish_has_path(const void *path, const void *learn, size_t at)
{
	return strcmp(((const struct learn *)learn)->wishes[at].path, path) == 0;
}

static struct wish *wish_find(struct learn *learn, const char *path)
{
	size_t at = index_find(&learn->by_path, path_hash(path), wish_has_path, path, learn);

	return at == SIZE_MAX ? NULL : &learn->wishes[at];
}

static int wish_add(struct learn *learn, const char *path, struct wish **ret_wish)
{
	int err = array_grow((void **)&learn->wishes, learn->wish_count, &learn->wish_room,
			     sizeof(*learn->wishes));
	struct wish *wish;

	if (err)
		return err;
	wish = &learn->wishes[learn->wish_count];
	*wish = (struct wish){ .path = strdup(path) };
	if (!wish->path)
		return -ENOMEM;
	err = index_add(&learn->by_path, learn->wish_count, wish_hash, learn);
	if (err) {
		free(wish->path);
		return err;
	}
	learn->wish_count++;
	*ret_wish = wish;
	return 0;
}

int learn_wish(struct learn *learn, const char *path, uint8_t access, bool made,
	       const struct agentos_event *event)
{
	struct wish *wish = wish_find(learn, path);
	int err = wish ? 0 : wish_add(learn, path, &wish);

	if (err)
		return err;
	wish->access |= access;
	wish->made |= made;
	if (event && event->ino) {
		wish->ino = event->ino;
		wish->dev = event->dev;
		wish->gen = event->gen;
	}
	return 0;
}

bool learn_can_say(const char *text)
{
	char shown[ESCAPE_TEXT_MAX(AGENTOS_OBJECT_SIZE) + 1];
	size_t len = strlen(text), doubled = 0;
	const char *at;

	for (at = strchr(text, '\\'); at; at = strchr(at + 1, '\\'))
		doubled++;
	/* Nothing in it that is shown by its number. */
	return escape_text(shown, sizeof(shown), text, len) == len + doubled &&
	       !strpbrk(text, "*?");
}

static int relative_add(struct learn *learn, const struct agentos_event *event)
{
	int err = array_grow((void **)&learn->relatives, learn->relative_count,
			     &learn->relative_room, sizeof(*learn->relatives));
	struct learn_relative *r;

	if (err)
		return err;
	r = &learn->relatives[learn->relative_count];
	*r = (struct learn_relative){ .path = strdup(event->text),
				      .ino = event->ino,
				      .dev = event->dev,
				      .gen = event->gen,
				      .access = (uint8_t)event->access };
	if (!r->path)
		return -ENOMEM;
	learn->relative_count++;
	return 0;
}

/* Its name was there no more when it was recorded, or never was: O_TMPFILE. */
static bool path_strip_deleted(char *path)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(path), tail = sizeof(deleted) - 1;

	if (len <= tail || strcmp(path + len - tail, deleted) != 0)
		return false;
	path[len - tail] = '\0';
	return true;
}

static uint64_t rights_of(uint8_t access)
{
	return (access & AGENTOS_FILE_READ ? AGENTOS_RIGHT(FILE_READ) : 0) |
	       (access & AGENTOS_FILE_WRITE ? AGENTOS_RIGHT(FILE_WRITE) : 0) |
	       (access & AGENTOS_FILE_EXEC ? AGENTOS_RIGHT(FILE_EXEC) : 0);
}

static bool hook_is_about_names(unsigned int hook)
{
	return hook == AGENTOS_HOOK_CREATE || hook == AGENTOS_HOOK_DELETE ||
	       hook == AGENTOS_HOOK_RENAME || hook == AGENTOS_HOOK_LINK;
}

static int file_act(struct learn *learn, const struct agentos_event *event)
{
	bool made = hook_is_about_names(event->hook);
	uint8_t access = event->access &
			 (AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC);
	char path[AGENTOS_OBJECT_SIZE];

	/* Of a device, its own right as well. */
	learn->rights |= rights_of(access) | event->right;
	if (event->hook == AGENTOS_HOOK_RENAME || event->hook == AGENTOS_HOOK_LINK)
		learn->gaps[LEARN_GAP_MOVED]++;
	if (event->flags & AGENTOS_EVENT_TRUNCATED) {
		learn->gaps[LEARN_GAP_TRUNCATED]++;
		return 0;
	}
	if (event->flags & AGENTOS_EVENT_DENTRY)
		return relative_add(learn, event);
	memcpy(path, event->text, sizeof(path));
	path[sizeof(path) - 1] = '\0';
	made |= path_strip_deleted(path);
	if (path[0] != '/') {
		learn->gaps[LEARN_GAP_NO_PATH]++;
		return 0;
	}
	if (!learn_can_say(path)) {
		learn->gaps[LEARN_GAP_UNWRITABLE]++;
		return 0;
	}
	return learn_wish(learn, path, access, made, event);
}

static int address_add(struct learn *learn, const struct learn_address *address)
{
	size_t i;
	int err;

	for (i = 0; i < learn->address_count; i++)
		if (memcmp(&learn->addresses[i], address, sizeof(*address)) == 0)
			return 0;
	err = array_grow((void **)&learn->addresses, learn->address_count, &learn->address_room,
			 sizeof(*learn->addresses));
	if (!err)
		learn->addresses[learn->address_count++] = *address;
	return err;
}

static char protocol_of(uint32_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == PROTOCOL_MPTCP ? 't' :
	       protocol == IPPROTO_UDP				     ? 'u' :
								       'o';
}

/* IPv4 in IPv6 is IPv4: rules are about it as that. */
static void address_plain(struct learn_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (address->family != AF_INET6 || memcmp(address->addr, mapped, sizeof(mapped)) != 0)
		return;
	address->family = AF_INET;
	memmove(address->addr, address->addr + sizeof(mapped), 4);
	memset(address->addr + 4, 0, 12);
}

static int inet_act(struct learn *learn, const struct agentos_event *event)
{
	struct learn_address address;

	memset(&address, 0, sizeof(address));
	address.family = event->family;
	address.port = event->port;
	address.listens = event->hook == AGENTOS_HOOK_SOCKET_BIND;
	address.protocol = protocol_of(event->protocol);
	memcpy(address.addr, event->addr, event->family == AF_INET6 ? 16 : 4);
	address_plain(&address);
	learn->rights |= event->right & AGENTOS_RIGHT(NET_RAW);
	if (address.family != AF_INET && address.family != AF_INET6) {
		learn->rights |= event->right;
		return 0;
	}
	if (!address.listens && !address.port && address.protocol != 'o') {
		learn->gaps[LEARN_GAP_NO_PORT]++;
		return 0;
	}
	learn->rights |= address.listens ? AGENTOS_RIGHT(NET_LISTEN) : AGENTOS_RIGHT(NET_CONNECT);
	return address_add(learn, &address);
}

/* number: the family, number2: the port that it has by now. Where it is bound, it was told to be. */
static int listen_act(struct learn *learn, const struct agentos_event *event)
{
	struct learn_address address;
	size_t i;

	/* Rules are about these alone, and the right without one is refused. */
	if (event->number != AF_INET && event->number != AF_INET6)
		return 0;
	learn->rights |= AGENTOS_RIGHT(NET_LISTEN);
	for (i = 0; i < learn->address_count; i++)
		if (learn->addresses[i].listens &&
		    (!learn->addresses[i].port || learn->addresses[i].port == event->number2))
			return 0;
	memset(&address, 0, sizeof(address));
	address.family = (uint16_t)event->number;
	address.port = (uint16_t)event->number2;
	address.listens = true;
	address.protocol = 't';
	return address_add(learn, &address);
}

static int unix_act(struct learn *learn, const struct agentos_event *event)
{
	size_t len = event->text_len < sizeof(event->text) ? event->text_len : 0, i;
	struct learn_socket *s;
	int err;

	learn->rights |= AGENTOS_RIGHT(UNIX_CONNECT);
	if (!len) {
		learn->gaps[LEARN_GAP_UNNAMED]++;
		return 0;
	}
	for (i = 0; i < learn->socket_count; i++)
		if (learn->sockets[i].len == len &&
		    memcmp(learn->sockets[i].name, event->text, len) == 0)
			return 0;
	err = array_grow((void **)&learn->sockets, learn->socket_count, &learn->socket_room,
			 sizeof(*learn->sockets));
	if (err)
		return err;
	s = &learn->sockets[learn->socket_count];
	*s = (struct learn_socket){ .name = calloc(1, len + 1), .len = len };
	if (!s->name)
		return -ENOMEM;
	memcpy(s->name, event->text, len);
	learn->socket_count++;
	return 0;
}

/* Code that is in no file, and queues that no path led to, need the right and no rule. */
static bool needs_no_rule(const struct agentos_event *event)
{
	return event->why == AGENTOS_WHY_RIGHT && (event->right == AGENTOS_RIGHT(ANON_EXEC) ||
						   event->right == AGENTOS_RIGHT(SYSV_IPC));
}

int learn_act(struct learn *learn, const struct agentos_event *event)
{
	if (event->verdict == AGENTOS_VERDICT_DENIED) {
		if (event->why == AGENTOS_WHY_RIGHT)
			learn->refused |= event->right;
		else if (event->hook < AGENTOS_HOOK_COUNT)
			learn->never[event->hook]++;
		return 0;
	}
	if (event->verdict != AGENTOS_VERDICT_WOULD_DENY)
		return 0;
	switch (event->hook) {
	case AGENTOS_HOOK_SOCKET_CONNECT:
	case AGENTOS_HOOK_SOCKET_SEND:
	case AGENTOS_HOOK_SOCKET_BIND:
		return inet_act(learn, event);
	case AGENTOS_HOOK_SOCKET_LISTEN:
		return listen_act(learn, event);
	case AGENTOS_HOOK_UNIX_STREAM:
	case AGENTOS_HOOK_UNIX_SEND:
		return unix_act(learn, event);
	}
	if (event->access && event->object_kind == AGENTOS_OBJECT_PATH && !needs_no_rule(event))
		return file_act(learn, event);
	learn->rights |= event->right;
	/* Told of what may be read, once the right is there. */
	if (event->hook == AGENTOS_HOOK_NOTIFY && event->text[0] == '/') {
		learn->rights |= AGENTOS_RIGHT(FILE_READ);
		return learn_can_say(event->text) ?
			       learn_wish(learn, event->text, AGENTOS_FILE_READ, false, event) :
			       0;
	}
	return 0;
}

int learn_new(struct learn **ret_learn)
{
	struct learn *learn = calloc(1, sizeof(*learn));

	if (!learn)
		return -ENOMEM;
	*ret_learn = learn;
	return 0;
}

void learn_free(struct learn *learn)
{
	size_t i;

	if (!learn)
		return;
	for (i = 0; i < learn->wish_count; i++)
		free(learn->wishes[i].path);
	for (i = 0; i < learn->socket_count; i++)
		free(learn->sockets[i].name);
	for (i = 0; i < learn->relative_count; i++)
		free(learn->relatives[i].path);
	free(learn->wishes);
	free(learn->addresses);
	free(learn->sockets);
	free(learn->relatives);
	index_release(&learn->by_path);
	free(learn);
}
