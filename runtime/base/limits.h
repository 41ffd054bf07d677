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
#define LIMIT_REPORT_DENIALS 100 /* shown, the newest */
#define LIMIT_REPORT_NOTES   100 /* of what was done to agents, the newest */
#define LIMIT_REPORT_LOSSES  50	 /* the newest */
#define LIMIT_REPORT_ROWS    100 /* shown of agents, reasons, files, hosts */

/* The gateway. A connection holds one buffer for each direction and never more. */
#define LIMIT_GATE_CONNECTIONS 1024   /* at once; twice as many descriptors */
#define LIMIT_GATE_AGENT       256    /* of them for one agent, and for all strangers together */
#define LIMIT_GATE_BUFFER      32768  /* bytes of a buffer; a head and a ClientHello fit */
#define LIMIT_GATE_HEAD_S      10     /* a request's head is whole within this */
#define LIMIT_GATE_DECIDE_S    45     /* rules, name and connection are there within this */
#define LIMIT_GATE_CONNECT_S   10     /* for each address tried */
#define LIMIT_GATE_HELLO_S     10     /* a ClientHello is whole within this */
#define LIMIT_GATE_IDLE_S      600    /* without a byte in either direction */
#define LIMIT_GATE_LINGER_S    2      /* for a refusal to be read */
#define LIMIT_GATE_LINGER      262144 /* bytes that are read and dropped meanwhile */
#define LIMIT_GATE_ADDRESSES   16     /* of one name that are tried */
#define LIMIT_GATE_THREADS     8      /* that ask resolvers */
#define LIMIT_GATE_BUSY	       4      /* of them for one agent at once */
#define LIMIT_GATE_LOOKUPS     1024   /* names asked for or waiting to be, abandoned ones too */
#define LIMIT_GATE_WAITING     256    /* of them for one agent */
#define LIMIT_GATE_POLICIES    64     /* whose rules are kept */
#define LIMIT_GATE_TELLS       4096   /* not yet taken by agentosd: no connections are taken then */
#define LIMIT_HTTP_HEAD	       16384  /* bytes of a request's head */
#define LIMIT_HTTP_FIELDS      100    /* header lines */
#define LIMIT_HELLO	       16384  /* bytes of a ClientHello */
#define LIMIT_HELLO_RECORDS    16     /* that it may come in */

/* Bounds of what a policy may write. */
#define LIMIT_POLICY_TIME_NS   (36500 * 86400000000000ULL) /* a period; until a deadline */
#define LIMIT_AGENT_MEMORY_MIN (1 << 20)		   /* bytes: less holds no program */
#define LIMIT_AGENT_MEMORY_MAX (1ULL << 50)		   /* bytes: more is a mistake */
#define LIMIT_AGENT_PROCESSES  4194304			   /* as the kernel has it */
#define LIMIT_AGENT_CPU	       819200			   /* percent: of 8,192 processors */
#define LIMIT_AGENT_IO_WEIGHT  10000			   /* as the kernel has it */

/* Of 127.0.0.1: where agents find the gateway, unless agentosd is told another. */
#define AGENTOS_GATEWAY_PORT 1018

#endif
