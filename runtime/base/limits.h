/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every limit of the runtime on one screen. Reaching one is refused or counted, never silent. */
#ifndef AGENTOS_BASE_LIMITS_H
#define AGENTOS_BASE_LIMITS_H

#define LIMIT_POLICY_FILE     (1 << 20) /* bytes of one YAML file */
#define LIMIT_POLICY_FILES    64	/* files that make one policy up */
#define LIMIT_POLICY_DEPTH    8 /* times that one leads to the next, by extends or include */
#define LIMIT_COMPILE	      (64 << 20) /* bytes of a message between root and who reads YAML for it */
#define LIMIT_COMPILE_FILES   1024	 /* that it may ask for */
#define LIMIT_COMPILE_S	      120	 /* seconds that it has */
#define LIMIT_POLICY_ENV      256	 /* environment names kept or set */
#define LIMIT_POLICY_DIRS     64	 /* directories made before the start */
#define LIMIT_EGRESS_RULES    1024	 /* rules on host names in a policy */
#define LIMIT_CONTROL_CLIENTS 64	 /* connections to agentosd at once */
#define LIMIT_CONTROL_MESSAGE 65536	 /* bytes of one control message */
#define LIMIT_CONTROL_FDS     64	 /* descriptors in one control message */
#define LIMIT_CONTROL_IDLE_S  30	 /* a half-made request is dropped after this */
#define LIMIT_SEGMENT	      (64 << 20) /* bytes of one audit segment, then the next */
#define LIMIT_RECORD	      4096	 /* bytes of one encoded audit record */
#define LIMIT_AUDIT_BUFFER    (1 << 20)	 /* bytes of records taken and not yet written */
#define LIMIT_UNSYNCED	      (16 << 20) /* bytes of records written and not yet on disk */
#define LIMIT_FEED	      (128 << 10) /* bytes of a denial feed, and of the older one behind it */
#define LIMIT_FEEDS	      (64 << 20) /* of all of them: with many agents each has less */
#define LIMIT_FEED_LINE	      8192	 /* bytes of a line in one */
#define LIMIT_LEAF	      8192 /* bytes of the data of a leaf: a record, perhaps with a segment's header */
#define LIMIT_NOTE	      (128 << 10) /* bytes of a signed note: 16 of the longest signatures fit */
#define LIMIT_NOTE_LINE	      12288 /* bytes of a line in one, or in a proof: a leaf fits, as base64 */
#define LIMIT_NOTE_SIGNATURES 64    /* under one */
#define LIMIT_KEYS	      1024	  /* changes of the key that signs for a log */
#define LIMIT_PROOF	      (256 << 10) /* bytes of a proof with its checkpoint, as text */
#define LIMIT_FILTER	      64    /* alternatives of one kind that a question about the log has */
#define LIMIT_FILTER_BELOW    65536 /* agents below those that are asked for, in one boot */
#define LIMIT_METRICS	      4096  /* lines with names of their own, for a monitoring system */
#define LIMIT_STATS	      1024  /* different names that are counted of each kind */
#define LIMIT_OTLP_BATCH      1000  /* records in a request to a server of logs: about 2 MiB */
#define LIMIT_ANCHOR_TARGETS  8	    /* to which checkpoints are handed on */
#define LIMIT_ANCHOR_HEADERS  32    /* of a request with one */
#define LIMIT_ANCHOR_STATE    (2 * LIMIT_NOTE + 4096) /* bytes of what is kept of that */
#define LIMIT_SYNC_MS	      200 /* an accepted record is on disk within this */
#define LIMIT_CHECKPOINT_S    60  /* and signed for within this, */
#define LIMIT_CHECKPOINT_GAP  2	  /* or within so many seconds, when a busy log has */
#define LIMIT_RETAIN_S	      600 /* seconds between looks at what is old, and before the first one */
#define LIMIT_KEEP_DAYS	      36500  /* that a log may be told to be kept */
#define LIMIT_KEEP_ADVISED    183    /* days: below that agentosd warns */
#define LIMIT_UNSIGNED	      100000 /* records that nothing signs for */

/* A report. What finds no room is counted, and said to be left out. */
#define LIMIT_REPORT_AGENTS  4096 /* that are told apart */
#define LIMIT_REPORT_RULES   1024 /* reasons of denials */
#define LIMIT_REPORT_FILES   4096
#define LIMIT_REPORT_HOSTS   1024
#define LIMIT_REPORT_MODELS  512
#define LIMIT_REPORT_DENIALS 100 /* shown, the newest */
#define LIMIT_REPORT_NOTES   100 /* of what was done to agents, the newest */
#define LIMIT_REPORT_LOSSES  50	 /* the newest */
#define LIMIT_REPORT_ROWS    100 /* shown of agents, reasons, files, hosts, models */

/* The gateway. A connection holds one buffer for each direction and never more. */
#define LIMIT_GATE_CONNECTIONS 1024   /* at once; twice as many descriptors */
#define LIMIT_GATE_AGENT       256    /* of them for one agent, and for all strangers together */
#define LIMIT_GATE_BUFFER      32768  /* bytes of a buffer; a head and a ClientHello fit */
#define LIMIT_GATE_KEPT	       524288 /* bytes that are free and not given back to the kernel */
#define LIMIT_GATE_HEAD_S      10     /* a request's head is whole within this */
#define LIMIT_GATE_DECIDE_S    45     /* rules, name and connection are there within this */
#define LIMIT_GATE_CONNECT_S   10     /* for each address tried */
#define LIMIT_GATE_HELLO_S     10     /* a ClientHello is whole within this */
#define LIMIT_GATE_IDLE_S      600    /* without a byte in either direction */
#define LIMIT_GATE_LINGER_S    2      /* for a refusal to be read */
#define LIMIT_GATE_LINGER      262144 /* bytes that are read and dropped meanwhile */
#define LIMIT_GATE_ADDRESSES   16     /* of one name that are tried */
#define LIMIT_GATE_THREADS     12     /* that ask resolvers */
#define LIMIT_GATE_BUSY	       4 /* of them for one agent at once, and kept for providers' names */
#define LIMIT_GATE_LOOKUPS     1024 /* names asked for or waiting to be, abandoned ones too */
#define LIMIT_GATE_WAITING     256  /* of them for one agent */
#define LIMIT_GATE_POLICIES    64   /* whose rules are kept */
#define LIMIT_GATE_AGENTS      1024 /* whose descriptors are kept */
#define LIMIT_GATE_KEYS	       64   /* of providers that are kept */
#define LIMIT_GATE_SPIN_US     100  /* that are looked for what comes, before sleep: loop/spin.h */
#define LIMIT_GATE_TELLS       4096 /* not yet taken by agentosd: no connections are taken or kept then */
/* Model calls. */
#define LIMIT_CALL_BODY	       (32 << 20) /* bytes of a request, and of an answer that is no stream */
#define LIMIT_CALL_SHORT       (64 << 10) /* bytes of a body below which it is sent with its head */
#define LIMIT_CALL_UPLOAD      (1 << 18)  /* of a larger one, what is asked for at once */
#define LIMIT_CALL_PIECE       16384	  /* bytes that come from a provider at once */
#define LIMIT_CALL_WAITING     65536	  /* bytes of an answer that its client has not taken */
#define LIMIT_CALL_KEY_LINE    8704	  /* bytes of the header line with a key */
#define LIMIT_CALL_RETRY_S     120	  /* within which a provider is asked again */
#define LIMIT_CALL_PASSED      4	  /* header lines that a provider of the same wire gets */
#define LIMIT_CALL_ANSWER      32768 /* tokens that are reserved where nothing bounds an answer */
#define LIMIT_CALL_TOKEN_BYTES 3     /* of a token, where a provider does not tell its count */
#define LIMIT_CALL_TOKEN_LONG  6     /* likewise, at most, on the average of a text */
#define LIMIT_CALL_COUNTS      64    /* of tokens, at once: of an agent and all below it */
#define LIMIT_CALL_COUNT_MS    500   /* and one more each time that so many milliseconds are over */
#define LIMIT_CALL_MORE	       1024  /* tokens that a stream is given beyond its bound at once */
#define LIMIT_CALL_TAIL	       (256 << 10) /* bytes of a stream that its end, if it is cut, says again */
#define LIMIT_CALL_TAIL_NAME   1024	   /* of them of one id, or the model's name */
#define LIMIT_CALL_TURN_S      300   /* that a call waits for its turn, where few go at once */
#define LIMIT_CALL_PROGRAMS    1024  /* whose turns a provider knows */
#define LIMIT_CALL_KEPT	       64    /* connections to providers that are kept idle */
#define LIMIT_CALL_KEPT_S      60    /* for so long */
#define LIMIT_CALL_CONNECTIONS 1024  /* to providers at once */
#define LIMIT_CALL_TIMER_MS    60000 /* libcurl is looked at within this */
#define LIMIT_CALL_CONNECT_S   10    /* for a connection to a provider */
#define LIMIT_CALL_ADDRESS_MS  1000  /* of that for each of its addresses, at least */
#define LIMIT_CALL_ANSWER_S    600   /* from a request to the head of its answer */
#define LIMIT_CALL_SILENCE_S   120   /* between two pieces of an answer */
#define LIMIT_CALL_WHOLE_S     600 /* from when a provider is asked first to the end of an answer */
#define LIMIT_CALL_STREAM_S    1800  /* likewise, of one that is streamed */
#define LIMIT_HTTP_HEAD	       16384 /* bytes of a request's head */
#define LIMIT_HTTP_FIELDS      100   /* header lines */
#define LIMIT_HTTP_EXTRAS      16384 /* bytes of chunk extensions and trailers of one answer */
#define LIMIT_CALL_TOKENS      (1ULL << 32) /* that can be asked for in one answer */
#define LIMIT_CALL_CONTEXT     (1 << 21)    /* tokens of a prompt, where no row bounds it */
#define LIMIT_CALL_IMAGE       65536	    /* tokens of one image, at most */
#define LIMIT_CALL_MEMORY      (1ULL << 30) /* bytes of all calls' bodies and answers together */
#define LIMIT_CALL_SMALL       65536	    /* bytes of one of these that are not counted */
#define LIMIT_CALL_SHARE       (256 << 20)  /* of them for one agent */
#define LIMIT_SSE_FRAME	       (4 << 20)    /* bytes of a line, and of the data of one event */
#define LIMIT_JSON_DEPTH       256 /* objects and arrays within each other in a model call's body */
#define LIMIT_HELLO	       16384 /* bytes of a ClientHello */
#define LIMIT_HELLO_RECORDS    16    /* that it may come in */

/* Sockets of calls; the kernel doubles these, and does not make them larger. */
#define LIMIT_CALL_RECEIVE (64 << 10) /* bytes of SO_RCVBUF to providers */
#define LIMIT_GATE_SEND	   (64 << 10) /* bytes of SO_SNDBUF to clients */
/* Of a stream whose client takes nothing, all that its provider can send: both sockets, and ours. */
#define LIMIT_CALL_STALLED (512 << 10)

/* Answers that are given again. */
#define LIMIT_CACHE   (8 << 20) /* bytes of all */
#define LIMIT_CACHE_S 604800	/* seconds that a row may say */

/* Providers and models: the files that name them, and what is made of a call. */
#define LIMIT_CATALOG_FILE  (1 << 20)	/* bytes of one file of rows */
#define LIMIT_CATALOG	    (16 << 20)	/* bytes of all rows, read */
#define LIMIT_CATALOG_ROWS  4096	/* of each kind */
#define LIMIT_ROW	    4096	/* bytes of one */
#define LIMIT_ROW_WORDS	    48		/* of one */
#define LIMIT_HEADERS	    8		/* that a provider's row adds to each request */
#define LIMIT_MODEL_NAME    255		/* bytes */
#define LIMIT_PROVIDER_NAME 63		/* bytes */
#define LIMIT_PRICE	    10000000000 /* microdollars for a million tokens: more is a mistake */
#define LIMIT_TOKENS	    1000000000	/* of a context or an answer: more is a mistake */
#define LIMIT_HIDDEN_TOKENS 1024	/* that a provider puts around a prompt, of its own */
#define LIMIT_CHOICES	    128		/* answers to one call, as OpenAI has it */
#define LIMIT_ROUTE	    8		/* candidates for one call */
#define LIMIT_BREAKER_SLOTS 16		/* parts of a breaker's window */
#define LIMIT_CACHE_ANSWERS 16384	/* that are kept, all agents' together */
#define LIMIT_CACHE_SHARE   4	 /* no scope has more than one part in so many of the bytes */
#define LIMIT_SIGN_HEADERS  32	 /* that are signed */
#define LIMIT_TARGET	    4096 /* bytes of a path with its query */
/* Model calls, as they are translated. */
#define LIMIT_LLM_BODY	 (32 << 20) /* bytes of a request or answer; images fit */
#define LIMIT_LLM_DEPTH	 128	    /* objects and arrays within each other in one */
#define LIMIT_LLM_VALUES 262144	    /* in one: about 100 bytes of memory each */
#define LIMIT_LLM_TOOLS	 1024	    /* that a request offers */
#define LIMIT_LLM_CALLS	 1024	    /* the last of tools: a result answers one of these */
#define LIMIT_LLM_FRAME	 (64 << 20) /* bytes of memory for what one event of a stream says */
#define LIMIT_LLM_ERROR	 1024	    /* bytes of the message of an error */
#define LIMIT_LLM_PARTS	 1024	    /* of a streamed answer */
#define LIMIT_LLM_HELD	 (8 << 20)  /* bytes of its parts that wait for one before them */
/* The vault: its records have one size, so these are part of the file's format. */
#define LIMIT_VAULT_SECRETS    128	   /* in one vault */
#define LIMIT_VAULT_NAME       64	   /* bytes of a secret's name */
#define LIMIT_VAULT_VALUE      8192	   /* bytes of a secret: a header of a request holds it */
#define LIMIT_VAULT_HOSTS      16	   /* that a secret is bound to */
#define LIMIT_VAULT_PASSPHRASE 1024	   /* bytes */
#define LIMIT_VAULT_PASSES     16	   /* of Argon2id that a file may ask for, */
#define LIMIT_VAULT_MEMORY_KIB (256 << 10) /* and what it may use meanwhile */
#define LIMIT_CACHE_SCOPES     1024	   /* agents and shared names that have some at once */

/* The scripted model. */
#define LIMIT_SCRIPT_FILE	 (1 << 20) /* bytes of a file of rules */
#define LIMIT_SCRIPT_LINE	 65536	   /* bytes of a line in it */
#define LIMIT_SCRIPT_RULES	 4096	   /* in it */
#define LIMIT_SCRIPT_NAME	 63	   /* bytes of a rule's name, and of a tool's */
#define LIMIT_SCRIPT_TOOLS	 64	   /* that one answer calls */
#define LIMIT_SCRIPT_MS		 600000	   /* of a delay */
#define LIMIT_SCRIPT_INSERT	 16384 /* bytes of a request that are put into an answer at one place */
#define LIMIT_SCRIPT_TEXT	 (1 << 18)  /* bytes of an answer's text */
#define LIMIT_SCRIPT_REPLY	 (16 << 20) /* bytes of an answer as it is sent */
#define LIMIT_SCRIPT_CONNECTIONS 256	    /* at once */
#define LIMIT_SCRIPT_BUFFER	 32768	    /* bytes of a buffer; a head fits */
#define LIMIT_SCRIPT_HEAD_S	 10  /* for a request's head, and between two pieces of its body */
#define LIMIT_SCRIPT_IDLE_S	 120 /* between two requests */
#define LIMIT_SCRIPT_WRITE_S	 60  /* in which a client takes something of its answer */
#define LIMIT_SCRIPT_LINGER_S	 2   /* for the last bytes to be read */
#define LIMIT_SCRIPT_LINGER	 262144 /* bytes that are read and dropped meanwhile */

/* Bounds of what a policy may write. */
#define LIMIT_POLICY_TIME_NS   (36500 * 86400000000000ULL) /* a period; until a deadline */
#define LIMIT_AGENT_MEMORY_MIN (1 << 20)		   /* bytes: less holds no program */
#define LIMIT_AGENT_MEMORY_MAX (1ULL << 50)		   /* bytes: more is a mistake */
#define LIMIT_AGENT_PROCESSES  4194304			   /* as the kernel has it */
#define LIMIT_AGENT_CPU	       819200			   /* percent: of 8,192 processors */
#define LIMIT_AGENT_IO_WEIGHT  10000			   /* as the kernel has it */

/* Of 127.0.0.1: where agents find the gateway, unless agentosd is told another. */
#define AGENTOS_GATEWAY_PORT 1018
/* Likewise: where the scripted model is, as runtime/llm/providers.conf has it. */
#define AGENTOS_SCRIPTED_PORT 1019

#endif
