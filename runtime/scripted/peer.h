/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the scripted model's server: one connection, request after request. */
#ifndef AGENTOS_SCRIPTED_PEER_H
#define AGENTOS_SCRIPTED_PEER_H

#include "base/text.h"
#include "http/chunked.h"
#include "loop/loop.h"
#include "scripted/path.h"
#include "scripted/reply.h"
#include "scripted/script.h"

struct script_peer;

struct script_server {
	struct loop *loop;
	struct script *script;
	int listener;
	struct loop_handle accept, pause, signals;
	struct script_peer *peers;
	size_t live;
	int error; /* that it ended with */
};

enum script_peer_state {
	SCRIPT_PEER_HEAD,   /* a request's head is awaited */
	SCRIPT_PEER_BODY,   /* its body */
	SCRIPT_PEER_PAUSE,  /* the rule's time passes */
	SCRIPT_PEER_WRITE,  /* the client takes what is written */
	SCRIPT_PEER_LINGER, /* all is written; it may read that, and what it sends is dropped */
};

struct script_peer {
	struct script_server *server;
	struct script_peer *prev, *next;
	enum script_peer_state state;
	int fd;
	struct loop_handle read, write, timer;
	struct loop_buffer *in, *out;
	size_t in_at, in_end; /* in the buffer: not yet looked at */
	size_t scanned;	      /* bytes of the head that were looked at */
	size_t out_at, out_end;
	size_t lingered;
	bool head_timed; /* the timer is that of a head, and not of what is before it */

	/* The request. */
	struct script_path path;
	bool keep_alive, http11, chunked, expect;
	uint64_t left; /* of the body, when not chunked */
	struct http_chunked chunks;
	struct text body;

	/* The answer. */
	struct script_reply reply;
	size_t event;	     /* the next one that is sent */
	bool head_made;	     /* the answer's head is in `pending`, or gone */
	bool last;	     /* behind `pending` nothing comes */
	struct text pending; /* to be written */
	size_t pending_at;
};

/* Takes the socket over. -ENOMEM, or the ring's error: nothing is left of it. */
int script_peer_open(struct script_server *s, int fd);
void script_peer_close(struct script_peer *p);
/* For a client that there is no room for; sent at once or not at all. */
void script_peer_turn_away(int fd);

/* --- request.c: from the first byte of a request to its answer --- */

/* What is in the buffer is looked at. A negative errno: the connection is of no more use. */
int script_request_read(struct script_peer *p);
/* A refusal in the words of the path's wire; nothing follows it. message: one line. */
int script_request_refuse(struct script_peer *p, int status, const char *message);

/* --- peer.c --- */

/* Reads on. Errors likewise, here and below. */
int script_peer_read(struct script_peer *p);
/* What is pending is written, and then what follows. */
int script_peer_flush(struct script_peer *p);
/* The reply is made: sends it. */
int script_peer_answer(struct script_peer *p);

#endif
